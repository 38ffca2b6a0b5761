import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareRun } from '../../src/app/run/prepare.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { createRunClock, monotonicNs, NS_PER_MS, type RunClock } from '../../src/core/time.ts';
import type { PhaseOutcome } from '../../src/engine/phase-progress.ts';
import { type PhaseRun, WorkerPool } from '../../src/engine/worker-pool.ts';
import { decodeBatch } from '../../src/events/columnar-codec.ts';
import type { ArrivalSettings, PhasePlan } from '../../src/plan/plan.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { eventsOf, type SeenEvent } from '../engine/harness.ts';

/** A turn as it was issued and ended, times in ns since the run's origin. */
export interface SeenTurn {
  readonly seq: number;
  readonly dueNs: number;
  readonly issuedNs: number;
  readonly endedNs: number;
  readonly row: number;
  readonly conversation: number;
  readonly position: number;
  readonly turnCount: number;
  readonly hasFailed: boolean;
  readonly errorType: string | undefined;
}

export interface TalkOptions {
  readonly flags?: readonly string[];
  readonly arrivals?: ArrivalSettings;
  readonly workers?: number;
  readonly conversations?: number;
  readonly maxDurationMs?: number;
  /** Of the live histories; see `ConversationSettings`. */
  readonly historyMemory?: SharedArrayBuffer;
  /** While the phase is under way. */
  readonly meanwhile?: (pool: WorkerPool, clock: RunClock, run: PhaseRun) => Promise<void>;
}

export interface Talk {
  readonly outcome: PhaseOutcome;
  readonly turns: readonly SeenTurn[];
  readonly startNs: number;
}

/** Runs a file of conversations through the engine, from its flags on. `text`: what the file holds. */
export async function talk(url: string, text: string, options: TalkOptions = {}): Promise<Talk> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-talk-'));
  try {
    const path = join(folder, text.startsWith('[') ? 'talks.json' : 'talks.jsonl');
    writeFileSync(path, text);
    return await talkOf(url, path, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same for a file, or a folder, that is there. */
export async function talkOf(url: string, path: string, options: TalkOptions = {}): Promise<Talk> {
  const { flags = [], arrivals = { pattern: 'concurrency', concurrency: 8 }, workers = 2 } = options;
  const given = ['--endpoint', url, '--model', 'm', '--dataset', path, '--multi-turn', 'on', ...flags];
  const pairs = Array.from(
    { length: given.length / 2 },
    (_, at) => [given[2 * at]!, [given[2 * at + 1]!]] as const,
  );
  const config = resolveConfig({ environment: {}, flags: new Map(pairs) });
  const prepared = await prepareRun(config, SILENT_LOG);
  const [part] = prepared.parts;
  const { dueNs, ticketCount } = part!;
  const originNs = monotonicNs();
  const clock = createRunClock(originNs);
  const events: SeenEvent[] = [];
  const pool = await WorkerPool.start(
    {
      ...{
        originNs,
        workers,
        endpoints: prepared.endpoints,
        api: prepared.api,
        streaming: prepared.streaming,
      },
      arenas: prepared.arenas.map(({ shared }) => shared),
      conversations: prepared.conversations && {
        ...prepared.conversations,
        historyMemory: options.historyMemory,
      },
      ...{ requestTimeoutMs: 10_000, connectTimeoutMs: 10_000, maxConnections: 256 },
      ...{ pacing: 'economy', connections: 'reuse', tlsVerify: true, seed: 7 },
    },
    {
      onFrame: (bytes) => events.push(...eventsOf(decodeBatch(bytes.subarray(FRAME_HEADER_BYTES)))),
      onHealth: () => undefined,
      onWorkerDied: (error) => {
        throw error;
      },
    },
  );
  try {
    const startNs = clock.nowNs();
    const plan: PhasePlan = {
      ...{ name: 'test', kind: 'performance' },
      arrivals: dueNs === undefined ? arrivals : { pattern: 'replay', dueNs, ratePerSecond: null },
      order: { order: 'sequential', datasetSize: ticketCount, seed: 1 },
      stop: {
        maxSamples: options.conversations ?? (options.maxDurationMs === undefined ? ticketCount : Infinity),
        maxDurationNs: (options.maxDurationMs ?? Infinity) * NS_PER_MS,
      },
    };
    const phase = pool.runPhase({ plan, firstSampleSeq: 0, firstConversation: 0, startNs });
    await options.meanwhile?.(pool, clock, phase);
    return { outcome: await phase.finished, turns: turnsOf(events), startNs };
  } finally {
    await pool.close();
  }
}

function turnsOf(events: readonly SeenEvent[]): readonly SeenTurn[] {
  const bySeq = Map.groupBy(events, ({ seq }) => seq);
  return [...bySeq.entries()]
    .map(([seq, ofSample]): SeenTurn => {
      const issued = ofSample.find(({ topic }) => topic === 'sample.issued' || topic === 'sample.not_sent')!;
      const ended = ofSample.find(({ topic }) => topic === 'sample.complete');
      const [dueNs, row, conversation, position, turnCount] = issued.extras;
      return {
        ...{ seq, issuedNs: issued.atNs, endedNs: ended?.atNs ?? NaN },
        ...{
          dueNs: dueNs!,
          row: row!,
          conversation: conversation!,
          position: position!,
          turnCount: turnCount!,
        },
        hasFailed: ofSample.some(({ topic }) => topic === 'error.generic'),
        errorType: ofSample.find(({ error }) => error !== undefined)?.error?.errorType,
      };
    })
    .sort((a, b) => a.seq - b.seq);
}

/** The turns of each conversation, in their order. */
export function byConversation(turns: readonly SeenTurn[]): ReadonlyMap<number, readonly SeenTurn[]> {
  return Map.groupBy(turns, ({ conversation }) => conversation);
}
