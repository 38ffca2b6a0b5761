import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWorkload } from '../../src/workload/open-workload.ts';
import { noteText } from '../../src/workload/notes.ts';
import { WENT_THROUGH, Workbench } from '../process/program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const NO_MORE = [null, null, null, null];
const event = (type: string, timestampNs: number, data: unknown, more: object = {}) =>
  JSON.stringify({
    event_type: type,
    timestamp_ns: timestampNs,
    sample_uuid: `u${timestampNs}`,
    data,
    ...more,
  });

function eventsFile(...lines: readonly string[]): string {
  const path = bench.file('events.jsonl');
  writeFileSync(path, [event('session.started', 5, null, { sample_uuid: '' }), ...lines].join('\n'));
  return path;
}

it('reads what was sent, when', async () => {
  const tools = [{ type: 'function' }];
  const messages = [
    { role: 'system', content: 'short' },
    { role: 'user', content: 'b' },
  ];
  const path = eventsFile(
    event('sample.issued', 1_000_000, ['PromptData', 'a', null, null, ...NO_MORE]),
    event('sample.complete', 1_500_000, ['TextModelOutput', 'x', null, null]),
    event('sample.issued', 3_500_000, ['PromptData', null, null, messages, tools, null, null, null]),
    event('sample.issued', 4_000_000, ['PromptData', null, null, null, ...NO_MORE]),
    event('sample.issued', 4_100_000, null),
  );
  const workload = await openWorkload(path);
  const read = [...workload.conversations()].map(({ id, startMs, turns }) => [id, startMs, turns[0]!]);
  expect(workload.format.name).toBe('events');
  expect(read).toMatchObject([
    ['u1000000', 0, { dueMs: 0, messages: [{ role: 'user', content: 'a' }] }],
    ['u3500000', 2.5, { dueMs: 2.5, messages, tools }],
  ]);
  expect(workload.notes.map(noteText).join('\n')).toMatch(/events.jsonl:5.*not recorded/);
});

it.each([
  [event('sample.issued', 1, ['ErrorData', 'x']), /:2: data: must be a list that begins with "PromptData"/],
  ['{"event_type":"sample.issued","timestamp_ns":"1"}', /:2: timestamp_ns: must be a number/],
  ['{"timestamp_ns":1}', /:2: event_type: must be text/],
  ['7', /:2: must be an object/],
  [event('sample.complete', 1, null), /holds no request: no sample.issued event/],
])('refuses %s', async (line, message) => {
  const workload = await openWorkload(eventsFile(line));
  expect(() => [...workload.conversations()]).toThrow(message);
});

it('a run is replayed: the same requests in the same order, as far apart', async () => {
  const url = await bench.mock('--ttft', 'fixed:1', '--output-tokens', 'fixed:1');
  const load = ['--rate', '50', '--samples', '30', '--streaming', 'off'];
  const first = bench.start(bench.runArgs(url, 30, ...load));
  expect(WENT_THROUGH).toContain((await first.finished).code);
  const again = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.file('run/events.jsonl'), '--replay'],
    ...['--streaming', 'off', '--out', bench.file('again')],
  ]);
  const { code, stderr } = await again.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const sent = (run: string) =>
    readFileSync(bench.file(`${run}/events.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"sample.issued"'))
      .map(
        (line) =>
          JSON.parse(line) as { data: [string, string | null, unknown, [{ content: string }] | null] },
      )
      .map(({ data }) => data[1] ?? data[3]?.[0].content);
  expect(sent('again').toSorted()).toEqual(sent('run').toSorted());
  expect(sent('again')).toHaveLength(30);

  mkdirSync(bench.file('run-events'));
  renameSync(bench.file('run/events.jsonl'), bench.file('run-events/events.jsonl'));
  // The folder of the run says the same, and its log alone.
  const byFolder = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.file('run'), '--replay'],
    ...['--streaming', 'off', '--out', bench.file('third')],
  ]);
  expect(WENT_THROUGH).toContain((await byFolder.finished).code);
  expect(sent('third').toSorted()).toEqual(sent('run-events').toSorted());
  const info = await bench.start(['dataset', 'info', bench.file('run/run.log'), '--json']).finished;
  expect(JSON.parse(info.stdout)).toMatchObject({ format: 'events', conversations: 30 });
  expect(existsSync(bench.file('run/events.jsonl'))).toBe(false);
});
