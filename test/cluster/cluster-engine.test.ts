import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AgentLink } from '../../src/app/cluster/agent-link.ts';
import { ClusterEngine } from '../../src/app/cluster/cluster-engine.ts';
import { FrameReceiver } from '../../src/app/cluster/frame-receiver.ts';
import { FrameShipper } from '../../src/app/cluster/frame-shipper.ts';
import { type NatsPlace, openNats } from '../../src/app/cluster/nats-place.ts';
import { createRunStream, removeRunStream, streamStateOf } from '../../src/app/cluster/run-stream.ts';
import { StreamWatch } from '../../src/app/cluster/stream-watch.ts';
import { runSubjects } from '../../src/cluster/subjects.ts';
import type { AgentNews } from '../../src/core/agent-news.ts';
import { createRunId } from '../../src/core/ids.ts';
import type { ErrorData } from '../../src/core/model-output.ts';
import { createLog } from '../../src/core/log.ts';
import { createRunClock } from '../../src/core/time.ts';
import type { PhasePlan } from '../../src/plan/plan.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../src/transport/frame.ts';
import { waitFor } from '../process/program.ts';
import { NATS_SERVER, NatsServer, WITHOUT_NATS } from './nats-server.ts';
import { SpokenAgent } from './spoken-agent.ts';

const STREAM_BYTES = 2 ** 20;

const PLAN: PhasePlan = {
  ...{ name: 'p', kind: 'performance', arrivals: { pattern: 'burst' } },
  order: { order: 'sequential', datasetSize: 1, seed: 0 },
  stop: { maxSamples: Infinity, maxDurationNs: 1e9 },
};

const DONE: Omit<Extract<AgentNews, { readonly event: 'phase_done' }>, 'agent' | 'at_ns'> = {
  ...{ event: 'phase_done', phase: 0, tickets: 3, conversations: 0, cut_off: 0, sent: 3, not_sent: 0 },
  ...{ ended_by: 'count', stopped_measuring: false },
};

describe.skipIf(NATS_SERVER === undefined)(`a coordinator and what agents tell it${WITHOUT_NATS}`, () => {
  let server: NatsServer;
  let place: NatsPlace;
  const closers: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await NatsServer.start();
    place = await openNats(
      { urls: [server.url] },
      'test',
      createLog(() => undefined),
    );
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await place.close();
    await server.end();
  });

  /** A run of two agents with a stream of its own. */
  async function startRun() {
    const runId = createRunId();
    const subjects = runSubjects(runId);
    await createRunStream(place, runId, STREAM_BYTES);
    const agents = [0, 1].map((index) => new SpokenAgent(place, subjects, index)) as [
      SpokenAgent,
      SpokenAgent,
    ];
    const links = agents.map((_, index) => {
      const offer = {
        agent_id: `a${index}`,
        name: `rack-${index}`,
        host: 'h',
        version: '1',
        clock_source: null,
      };
      return new AgentLink(place, subjects, index, offer);
    });
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line));
    const failures: ErrorData[] = [];
    const engine = new ClusterEngine({
      onFirstFailure: (failure) => failures.push(failure),
      ...{ place, subjects, links, maxConnections: 2, log },
      clock: createRunClock(process.hrtime.bigint()),
      recorder: { record: () => undefined, recordReceived: () => undefined, recordMark: () => undefined },
      flushed: () => Promise.resolve(),
    });
    const onFailure = (error: Error) => engine.fail(error);
    const receiver = await FrameReceiver.open({
      ...{ place, runId, agents: 2, onFailure },
      onFrame: (frame, agent) => engine.onFrame(frame, agent),
    });
    const isOver = () => engine.hasFailed;
    const watch = new StreamWatch({ place, runId, maxBytes: STREAM_BYTES, isOver, onFailure, log });
    closers.push(() => {
      for (const agent of agents) agent.close();
      for (const link of links) link.close();
      watch.close();
      engine.discard();
      return receiver.close().then(() => removeRunStream(place, runId).catch(() => undefined));
    });
    const runPhase = (firstSampleSeq = 0) =>
      engine.runPhase({ plan: PLAN, firstSampleSeq, firstConversation: 0, startNs: 0 });
    return { runId, engine, agents, lines, failures, runPhase };
  }

  test('a stream that is full ends the phase and the run, though nothing can be told by it any more', async () => {
    const { runId, engine, agents, lines, runPhase } = await startRun();
    const [agent] = agents;
    const phase = runPhase();
    await waitFor(() => agent.kinds().includes('phase'), 'phase order');
    let refusal: unknown;
    const kib = (count: number) => new Uint8Array(FRAME_HEADER_BYTES + count * 1024);
    for (let at = 0; at < 9; at++) await agent.publish(FrameKind.events, kib(100));
    await waitFor(() => lines.find((line) => /is 8\d % full.*larger --stream-size/.test(line)), 'warning');
    await agent.publish(FrameKind.events, kib(200)).catch((error: unknown) => (refusal = error));
    expect(await streamStateOf(place, runId, refusal)).toBe('full');
    agent.state = { ...agent.state, stream: 'full' };
    await expect(phase.finished).rejects.toThrow(
      'the stream of the run is full; give a larger --stream-size',
    );
    await waitFor(() => agents.every((one) => one.kinds().includes('stop')), 'stop orders');
    const startedMs = performance.now();
    await Promise.all([engine.close(), engine.close()]);
    expect(lines.filter((line) => line.includes('not all of the run log has come'))).toHaveLength(1);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(agents.every((one) => one.kinds().includes('end'))).toBe(true);
  });

  test('so does a stream that somebody removes', async () => {
    const { runId, agents, runPhase } = await startRun();
    const phase = runPhase();
    await removeRunStream(place, runId);
    await expect(phase.finished).rejects.toThrow('NATS no longer has the stream of the run');
    const refusal = await agents[0]
      .tell({ event: 'issuing_done', phase: 0 })
      .catch((error: unknown) => error);
    expect(await streamStateOf(place, runId, refusal)).toBe('missing');
  });

  test('an agent whose stream is gone when it comes back keeps the rest and is free again', async () => {
    const { runId } = await startRun();
    await removeRunStream(place, runId);
    const folder = mkdtempSync(join(tmpdir(), 'inferometer-shipper-'));
    const writer = RunLogWriter.open(join(folder, 'run.log'));
    writer.append(FrameKind.runHeader, new Uint8Array(FRAME_HEADER_BYTES));
    writer.append(FrameKind.events, new Uint8Array(FRAME_HEADER_BYTES + 8));
    const shipper = await FrameShipper.open({
      ...{ place, runId, logPath: writer.path, log: createLog(() => undefined) },
      ...{ subject: runSubjects(runId).frames(0), publisher: 'p' },
    });
    closers.push(async () => {
      await shipper.close();
      await writer.close();
      rmSync(folder, { recursive: true });
    });
    expect(await shipper.endAt(writer.nextSeq, () => false)).toBe(false);
    expect(shipper.streamState).toBe('missing');
  });

  test('an agent that missed the end of a phase is out: its late news count for no other phase', async () => {
    const { engine, agents, runPhase, lines, failures } = await startRun();
    const [stays, goes] = agents;
    for (const agent of agents) {
      agent.state = { ...agent.state, counts: { ...agent.state.counts, inFlight: 4, waiting: 2 } };
    }
    const first = runPhase();
    await waitFor(() => agents.every((agent) => agent.kinds().includes('phase')), 'phase orders');
    await waitFor(() => engine.areCountsCurrent, 'counts');
    expect(engine.counts()).toMatchObject({ inFlight: 8, waiting: 4 });
    await stays.tell({ event: 'first_failure', error_type: 'http_500', error_message: 'HTTP 500' });
    await waitFor(() => failures.length > 0, 'first failure');
    expect(failures).toEqual([{ errorType: 'http_500', errorMessage: 'HTTP 500' }]);

    goes.isAway = true;
    // What it told last says nothing of now; once it is lost, nothing of its is in flight.
    await waitFor(() => !engine.areCountsCurrent, 'old counts');
    await stays.tell(DONE);
    expect(await first.finished).toMatchObject({ tickets: 3, areCountsPartial: true });
    expect(engine.counts()).toMatchObject({ inFlight: 4, waiting: 2 });
    expect(engine.areCountsCurrent).toBe(true);
    await expect(engine.warm(2)).rejects.toThrow('agent rack-1 is lost');

    goes.isAway = false;
    await waitFor(() => lines.find((line) => line.includes('rack-1 is back')), 'return');
    const second = runPhase();
    await waitFor(() => goes.kinds().includes('end'), 'end for the one that missed it');
    await goes.tell({ ...DONE, tickets: 50 });
    await goes.tell({ event: 'failed', phase: 0, reason: 'late' });
    await waitFor(() => lines.find((line) => line.includes('rack-1: late')), 'late news');
    await stays.tell({ ...DONE, phase: 1 });
    expect(await second.finished).toMatchObject({ tickets: 3, areCountsPartial: true });
    expect(goes.kinds().filter((kind) => kind !== 'warm')).toEqual(['phase', 'end']);
  });

  test('a stop that comes before the order of a phase keeps it from beginning', async () => {
    const { engine, agents, runPhase } = await startRun();
    const phase = runPhase();
    engine.stopIssuing();
    expect(await phase.finished).toMatchObject({ tickets: 0, endedBy: 'stop', areCountsPartial: false });
    await waitFor(() => agents.every((agent) => agent.kinds().includes('stop')), 'stop orders');
    expect(agents.flatMap((agent) => agent.kinds())).not.toContain('phase');

    // Overtaken on the way: the agent knows by the numbers.
    for (const agent of agents) {
      agent.answer = ({ kind }) => {
        if (kind !== 'phase') return { kind: 'done' };
        engine.stopIssuing();
        return { kind: 'refused', reason: 'the phase was stopped before it began' };
      };
    }
    expect(await runPhase().finished).toMatchObject({ tickets: 0, endedBy: 'stop' });
  });
});
