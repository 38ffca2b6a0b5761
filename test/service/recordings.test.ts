import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RandomSource } from '../../src/core/random.ts';
import { NaiveAggregator } from '../aggregator/naive-aggregator.ts';
import { readSlowly, withoutNoSample } from '../aggregator/slow-records.ts';
import type { Program } from '../process/program.ts';
import { ServiceBench } from './service-bench.ts';
import { rebuildReport } from '../../src/app/reports/rebuild-report.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { packBatch, packSingle } from '../../src/transport/batch-frame.ts';
import { TOPIC_BYTES, topicBytes } from '../../src/transport/frame.ts';
import { EventPlayer, readRecording, RECORDINGS, type Recording } from './event-player.ts';

let bench: ServiceBench;
let player: EventPlayer | undefined;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(async () => {
  player?.close();
  await bench.end();
});

interface Snapshot {
  readonly state: string;
  readonly n_pending_tasks: number;
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
  readonly extras: { readonly reception: Record<string, number> };
}

async function startAggregator(
  { streaming }: Recording,
  address: string,
  ...more: string[]
): Promise<Program> {
  const mode = streaming ? 'on' : 'off';
  const program = bench.start([
    ...['aggregate', '--connect', address, '--streaming', mode, '--out', bench.file('run')],
    ...['--wait', '30s', ...more],
  ]);
  await player!.waitForSubscriber();
  return program;
}

const finalSnapshot = () => bench.json<Snapshot>('run/metrics/final_snapshot.json');

/** The reference's metrics are there, each with its fields; ours trail. The number of a snapshot, its time and state come from elsewhere. */
function expectReference({ snapshot }: Recording): void {
  const found = finalSnapshot();
  expect({ state: found.state, pending: found.n_pending_tasks }).toEqual({
    state: snapshot.state,
    pending: snapshot.n_pending_tasks,
  });
  const byName = new Map(found.metrics.map((metric) => [metric.name, metric]));
  for (const { histogram, ...metric } of snapshot.metrics) {
    expect(byName.get(metric.name)).toMatchObject(metric);
    const buckets = (histogram ?? []) as readonly (readonly [readonly number[], number])[];
    const foundBuckets = (byName.get(metric.name)!.histogram ?? []) as typeof buckets;
    expect(foundBuckets.map(([, count]) => count)).toEqual(buckets.map(([, count]) => count));
    for (const [i, [edges]] of buckets.entries())
      for (const [side, edge] of edges.entries()) expect(foundBuckets[i]![0][side]! / edge).toBeCloseTo(1, 9);
  }
}

describe.each(RECORDINGS)('the recording %s', (name) => {
  const recording = readRecording(name);

  it('comes to what the reference made of it', async () => {
    player = await EventPlayer.bind(
      name === 'streaming' ? 'tcp://127.0.0.1:*' : `ipc://${bench.file('events')}`,
    );
    const program = await startAggregator(recording, player.address);
    await player.play(recording.messages);
    const { code, stdout } = await program.finished;
    expectReference(recording);
    // A tenth of the samples failed.
    expect([0, 5]).toContain(code);
    expect(stdout.replace(/\s+/g, ' ')).toContain('client health unknown: another program sent the load');
    expect(stdout).not.toMatch(/^VALID/m);
  });

  it('comes to the same with an aggregator that is killed and started again', async () => {
    player = await EventPlayer.bind(`ipc://${bench.file('events')}`);
    const { messages } = recording;
    const half = Math.floor(messages.length / 2);
    const killed = await startAggregator(recording, player.address);
    await player.play(messages.slice(0, half));
    await bench.waitForLoggedMessages(half);
    killed.child.kill('SIGKILL');
    await killed.finished;
    const resumed = bench.start(['aggregate', '--out', bench.file('run')]);
    await player.waitForSubscriber();
    await player.play(messages.slice(half));
    const { stdout } = await resumed.finished;
    expectReference(recording);
    expect(finalSnapshot().extras.reception).toMatchObject({
      resumed: 1,
      messages_unread: 0,
      records_unread: 0,
    });
    expect(stdout.replace(/\s+/g, ' ')).toContain('the aggregator was started again 1 time');
    // The log alone comes to the same.
    const { report } = await rebuildReport(bench.file('run'), SILENT_LOG);
    const issued = recording.snapshot.metrics.find((metric) => metric.name === 'tracked_samples_issued')!;
    expect(report.samples.issued).toBe(issued.value);
  });

  it('comes to what its rules say with messages twice, cut and made up among them', async () => {
    const messages = disturbed(recording.messages);
    player = await EventPlayer.bind(`ipc://${bench.file('events')}`);
    const program = await startAggregator(recording, player.address);
    await player.play(messages);
    const { stderr } = await program.finished;
    const { records, unread } = readSlowly(messages);
    expect(unread.records).toBeGreaterThan(0);
    expect(unread.messages).toBeGreaterThan(0);
    const naive = new AggregatorWithoutTokenizer([]);
    for (const record of records) naive.fold(withoutNoSample(record));
    expectNaive(naive, recording);
    expect(finalSnapshot().extras.reception).toMatchObject({
      messages_unread: unread.messages,
      records_unread: unread.records,
    });
    expect(stderr).toMatch(/message \d+ of frame \d+ of the run log cannot be read and is dropped/);
    expect(stderr).toMatch(
      /record \d+ cannot be read and counts as error\.generic: (Decode|Validation)Error/,
    );
    const { report } = await rebuildReport(bench.file('run'), SILENT_LOG);
    expect(report.verdict).toMatchObject({ level: 'invalid' });
    expect(report.verdict.findings.map(({ check }) => check)).toContain('events_unread');
  });
});

/** It counts no text. */
class AggregatorWithoutTokenizer extends NaiveAggregator {
  override promptTokens(...[record, row]: Parameters<NaiveAggregator['promptTokens']>): number | undefined {
    const tokens = super.promptTokens(record, row);
    const hasIds = record.payload !== undefined && Buffer.from(record.payload).includes(NO_TEXT_BUT_IDS);
    return hasIds ? tokens : undefined;
  }

  override answerTokens(): void {
    // Nor here.
  }
}
/** `PromptData` with nil for the text and a list behind. */
const NO_TEXT_BUT_IDS = Buffer.concat([Buffer.from('PromptData'), Buffer.of(0xc0)]);

function expectNaive(naive: NaiveAggregator, { snapshot }: Recording): void {
  const byName = new Map(finalSnapshot().metrics.map((metric) => [metric.name, metric]));
  for (const { type, name } of snapshot.metrics) {
    const found = byName.get(name)!;
    if (type === 'counter') expect([name, found.value]).toEqual([name, naive.counters[name] ?? 0]);
    else {
      const values = (naive.series[name] ?? []).toSorted((a, b) => a - b);
      expect([name, found.count, found.total]).toEqual([
        name,
        values.length,
        values.reduce((a, b) => a + b, 0),
      ]);
      const percentiles = found.percentiles as Readonly<Record<string, number>>;
      for (const [key, value] of Object.entries(percentiles))
        expect([name, key, value]).toEqual([
          name,
          key,
          values[Math.floor((values.length - 1) * (Number(key) / 100))] ?? 0,
        ]);
    }
  }
}

/** Some messages twice, some cut, and some of random bytes; the last one, which ends the session, stays where it is. */
function disturbed(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const random = new RandomSource(7);
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const disturbances: readonly ((message: Uint8Array) => Uint8Array)[] = [
    (message) => message,
    (message) => message.subarray(0, TOPIC_BYTES + 1 + below(message.length - TOPIC_BYTES - 1)),
    () => Uint8Array.from({ length: below(200) }, () => below(256)),
  ];
  const noRecord = packSingle({ topic: topicBytes('sample.issued'), payload: Uint8Array.of(0xc1) });
  const cutBatch = packBatch([noRecord, noRecord]).subarray(0, -1);
  return [
    ...messages
      .slice(0, -1)
      .flatMap((message) => [message, ...disturbances.map((disturb) => disturb(message))]),
    noRecord,
    cutBatch,
    messages.at(-1)!,
  ];
}
