import { describe, expect, test } from 'vitest';
import {
  complete,
  failed,
  issued,
  issuedDue,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  startTracking,
} from './scripted-run.ts';

const CONTENT = 0;
const REASONING = 1;
const TOOL = 2;

describe('from the issue on', () => {
  test('first chunk, latency, and the time between chunks', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 1000),
      recvFirst(1, 2500),
      recvNonFirst(1, 3500),
      recvNonFirst(1, 5000),
      complete(1, 5000),
    );
    expect(run.values('ttft_ns')).toEqual([1500]);
    expect(run.values('chunk_delta_ns')).toEqual([1000, 1500]);
    expect(run.values('sample_latency_ns')).toEqual([4000]);
  });

  test('a chunk ahead of the first gives no delta, the late first one a negative one', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      recvNonFirst(1, 300),
      recvFirst(1, 250),
    );
    expect(run.values('chunk_delta_ns')).toEqual([-50]);
    expect(run.values('ttft_ns')).toEqual([150]);
  });

  test('a second first chunk counts again, and as a chunk', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      recvFirst(1, 200),
      recvFirst(1, 260),
    );
    expect(run.values('ttft_ns')).toEqual([100, 160]);
    expect(run.values('chunk_delta_ns')).toEqual([60]);
  });

  test('samples do not mix', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      issued(2, 200),
      recvFirst(2, 250),
      recvFirst(1, 400),
      recvNonFirst(2, 450),
      complete(2, 500),
      complete(1, 900),
    );
    expect(run.values('ttft_ns')).toEqual([50, 300]);
    expect(run.values('chunk_delta_ns')).toEqual([200]);
    expect(run.values('sample_latency_ns')).toEqual([300, 800]);
  });

  test('the first chunk of each channel', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      recvFirst(1, 150, REASONING),
      recvNonFirst(1, 160),
      recvNonFirst(1, 180, CONTENT),
      recvNonFirst(1, 200, TOOL),
    );
    expect(run.values('ttft_reasoning_ns')).toEqual([50]);
    expect(run.values('ttft_content_ns')).toEqual([80]);
    expect(run.values('ttft_tool_ns')).toEqual([100]);
  });
});

describe('from the due time on', () => {
  test('delay of the issue, first chunk and latency', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issuedDue(1, 130, 100),
      recvFirst(1, 150),
      complete(1, 180),
    );
    expect(run.values('issue_delay_ns')).toEqual([30]);
    expect(run.values('response_ttft_ns')).toEqual([50]);
    expect(run.values('response_latency_ns')).toEqual([80]);
    expect(run.values('sample_latency_ns')).toEqual([50]);
  });

  test('a sample that failed or was cancelled has no response latency', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issuedDue(1, 10, 5),
      failed(1, 20),
      complete(1, 20),
      issuedDue(2, 10, 5),
      failed(2, 20, 'cancelled'),
      complete(2, 20),
    );
    expect(run.values('response_latency_ns')).toEqual([]);
    expect(run.values('sample_latency_ns')).toEqual([10, 10]);
  });

  test('a run without due times has none of these', () => {
    const run = new ScriptedRun().send(startTracking(0), issued(1, 10), recvFirst(1, 15), complete(1, 20));
    expect(run.values('issue_delay_ns')).toEqual([]);
    expect(run.values('response_ttft_ns')).toEqual([]);
    expect(run.values('response_latency_ns')).toEqual([]);
  });

  test('a second first chunk is not a first response', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issuedDue(1, 10, 5),
      recvFirst(1, 15),
      recvFirst(1, 18),
    );
    expect(run.values('response_ttft_ns')).toEqual([10]);
  });
});

test('a run that does not stream has no series about chunks', async () => {
  const run = new ScriptedRun({ streaming: false }).send(
    startTracking(0),
    issuedDue(1, 10, 5),
    recvFirst(1, 15, CONTENT),
    recvNonFirst(1, 17),
    complete(1, 20, { answer: { output: ['x', 'y z'] } }),
  );
  expect(run.values('ttft_ns')).toBeUndefined();
  expect(run.values('chunk_delta_ns')).toBeUndefined();
  expect(run.values('tpot_ns')).toBeUndefined();
  expect(run.values('response_ttft_ns')).toBeUndefined();
  expect(run.values('ttft_content_ns')).toBeUndefined();
  expect(run.values('sample_latency_ns')).toEqual([10]);
  expect(run.values('response_latency_ns')).toEqual([15]);
  expect(await run.valuesAfterDrain('osl')).toEqual([2]);
});
