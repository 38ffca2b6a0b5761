/**
 * Runs the scenarios for real: their conversations as a dataset, the settings of a run, a worker pool with one thread and a session against an
 * HTTP endpoint. Where a run differs from the reference, a rule below says what is expected instead:
 *
 * - A turn that timed out has the error type `timeout`, one that was never sent `turn_aborted`; another failure says what it was.
 * - The golden requests were given messages without a history, the system prompt and the turn's own. Here they are made of rows, so what was said
 *   before stands between these two.
 * - A timeout is that of each request, `--request-timeout`; the endpoint holds what the scenario holds.
 * - Events are those of the engine: chunks, which the scenarios have none of, are left out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { phasesOf } from '../../src/app/run/phases.ts';
import { prepareRun } from '../../src/app/run/prepare.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { EVENT_TOPICS, type EventKind } from '../../src/core/event-types.ts';
import { createLog } from '../../src/core/log.ts';
import { createRunClock, monotonicNs } from '../../src/core/time.ts';
import { WorkerPool } from '../../src/engine/worker-pool.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import { decodeBatch, encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import { OpenTurns } from '../../src/events/open-turns.ts';
import { decodePayload } from '../../src/events/payload.ts';
import { recordAt, recordFields, type RunContext } from '../../src/events/record-fields.ts';
import { Session } from '../../src/session/session.ts';
import { FRAME_HEADER_BYTES } from '../../src/transport/frame.ts';
import { type Answer, PatientEndpoint } from '../session/patient-endpoint.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleSuite } from './suite.ts';

/** Topic, conversation, turn, error type. */
type GoldenEvent = readonly [string, string | null, number | null, string | null];

interface Scenario {
  readonly name: string;
  /** Ids, and how many turns each has. */
  readonly conversations: readonly (readonly [string, number])[];
  readonly concurrency?: number;
  /** Of requests by the order in which they are sent; others are good. */
  readonly answers?: Readonly<Record<string, readonly [Answer]>>;
  readonly config?: {
    readonly turn_timeout_s?: number;
    readonly num_trajectories_to_issue?: number;
    readonly stop_issuing_on_first_user_complete?: boolean;
    readonly enable_salt?: boolean;
  };
  readonly expected: {
    readonly events: readonly GoldenEvent[];
    readonly sent: readonly {
      readonly headers: Readonly<Record<string, string>>;
      readonly messages: readonly unknown[];
    }[];
    readonly issued_count: number;
    readonly completions: readonly string[];
  };
}

export const suite: OracleSuite = {
  name: 'agentic_traces',
  cases: () =>
    readOracle<{ scenarios: readonly Scenario[] }>('agentic_traces.json').scenarios.map((scenario) => ({
      name: scenario.name,
      run: () => runScenario(scenario),
    })),
};

/** Their error types, by ours. */
const ERROR_TYPES: Readonly<Record<string, string>> = {
  timeout: 'TurnTimeout',
  turn_aborted: 'TurnAbortedByPriorFailure',
  http_500: 'E',
};
const SESSION_HEADER = 'X-Session-ID';
const SCENARIO_TIMEOUT_MS = 20_000;

async function runScenario(scenario: Scenario): Promise<readonly string[]> {
  const { expected } = scenario;
  const endpoint = await PatientEndpoint.start((request) => scenario.answers?.[request]?.[0] ?? 'ok');
  try {
    const events = await play(scenario, endpoint.url);
    const sent = endpoint.requests.map(({ headers, body }) => ({
      headers: { [SESSION_HEADER]: headers[SESSION_HEADER.toLowerCase()] },
      messages: [body.messages[0], body.messages.at(-1)],
    }));
    const issued = events.filter(([topic]) => topic === 'sample.issued');
    return [
      ...differences(expected.events, events, 0, 'events'),
      ...differences(expected.sent, sent, 0, 'sent'),
      ...differences(
        expected.sent.map(({ messages }) => 2 * turnOf(messages.at(-1)) + 2),
        endpoint.requests.map(({ body }) => body.messages.length),
        0,
        'lengths of the histories',
      ),
      ...differences(expected.issued_count, issued.length, 0, 'issued_count'),
      ...differences(expected.completions, completionsOf(events), 0, 'completions'),
    ];
  } finally {
    await endpoint.close();
  }
}

/** `b-2` is the third turn of b. */
function turnOf(message: unknown): number {
  return Number((message as { readonly content: string }).content.split('-')[1]);
}

/** How each sample ended, in the order in which they did. */
function completionsOf(events: readonly GoldenEvent[]): readonly string[] {
  const isError = ([topic]: GoldenEvent) => topic.startsWith('error.');
  return events.flatMap(([topic, conversation, turn], i) => {
    if (topic !== 'sample.complete') return [];
    const error = events
      .slice(0, i)
      .find((event) => isError(event) && event[1] === conversation && event[2] === turn);
    return [error?.[3] ?? 'ok'];
  });
}

async function play(scenario: Scenario, url: string): Promise<readonly GoldenEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-agentic-'));
  try {
    const dataset = join(folder, 'conversations.jsonl');
    writeFileSync(
      dataset,
      rowsOf(scenario)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    return await run(flagsOf(scenario, url, dataset));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A conversation of n turns has a message of the user for each, and one of the assistant between two. */
function rowsOf({ conversations }: Scenario): readonly object[] {
  return conversations.flatMap(([id, turns]) =>
    Array.from({ length: 2 * turns - 1 }, (_, i) => ({
      conversation_id: id,
      turn: i + 1,
      ...(i % 2 === 0
        ? { role: 'user', content: `${id}-${i / 2}`, system: 'SYS' }
        : { role: 'assistant', content: 'said before' }),
    })),
  );
}

function flagsOf({ concurrency, conversations, config = {} }: Scenario, url: string, dataset: string) {
  const { turn_timeout_s, num_trajectories_to_issue, stop_issuing_on_first_user_complete: stops } = config;
  const flags = new Map<string, readonly string[]>([
    ['--endpoint', [url]],
    ['--model', ['m']],
    ['--dataset', [dataset]],
    ['--multi-turn', ['on']],
    ['--streaming', ['off']],
    ['--workers', ['1']],
    ['--sample-order', ['sequential']],
    ['--sticky', [`header:${SESSION_HEADER}`]],
    ['--on-turn-failure', ['fail']],
    ['--on-first-idle', [stops === true ? 'stop-issuing' : 'stop-measuring']],
    ['--concurrency', [String(concurrency ?? conversations.length)]],
  ]);
  if (turn_timeout_s !== undefined) flags.set('--request-timeout', [`${turn_timeout_s * 1000 * 4}ms`]);
  if (num_trajectories_to_issue !== undefined)
    flags.set('--conversations', [String(num_trajectories_to_issue)]);
  if (config.enable_salt === true) flags.set('--salt', ['mlcommons']);
  return flags;
}

async function run(flags: ReadonlyMap<string, readonly string[]>): Promise<readonly GoldenEvent[]> {
  const config = resolveConfig({ environment: {}, flags });
  const log = createLog(() => undefined);
  const prepared = await prepareRun(config, log);
  const clock = createRunClock(monotonicNs());
  const context: RunContext = { originNs: clock.originNs, runId: prepared.runId, turns: new OpenTurns() };
  const events: GoldenEvent[] = [];
  const addFrame = (bytes: Uint8Array) => {
    const batch = decodeBatch(bytes.subarray(FRAME_HEADER_BYTES));
    for (let i = 0; i < batch.count; i++) {
      const record = recordAt(batch, i);
      const { conversationId, turn } = recordFields(record, context);
      const data = record.payload === undefined ? undefined : decodePayload(record.payload);
      const error = data?.type === 'ErrorData' ? ERROR_TYPES[data.data.errorType] : undefined;
      events.push([
        EVENT_TOPICS[record.kind],
        conversationId === '' ? null : conversationId,
        turn ?? null,
        error ?? null,
      ]);
    }
  };
  const { endpoints, arenas, api, streaming, conversations, slots } = prepared;
  const pool = await WorkerPool.start(
    {
      ...{ originNs: clock.originNs, endpoints, api, streaming, conversations, slots },
      arenas: arenas.map(({ shared }) => shared),
      workers: 1,
      requestTimeoutMs: config.client.request_timeout_ms,
      connectTimeoutMs: 10_000,
      maxConnections: 16,
      pacing: 'economy',
      connections: 'reuse',
      tlsVerify: true,
    },
    {
      onFrame: addFrame,
      onHealth: () => undefined,
      onWorkerDied: (error) => {
        throw error;
      },
    },
  );
  const session = new Session({
    engine: pool,
    clock,
    phases: phasesOf(config, prepared.parts),
    drainTimeoutMs: SCENARIO_TIMEOUT_MS,
    record: (kind: EventKind) =>
      addFrame(encodeBatchFrame(buildEventBatch([{ kind, timestampNs: clock.nowNs() }]))),
    log,
  });
  const timer = setTimeout(() => void pool.close(), SCENARIO_TIMEOUT_MS);
  try {
    await session.run();
    return events;
  } finally {
    clearTimeout(timer);
    await pool.close();
  }
}
