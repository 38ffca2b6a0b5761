import { writeFileSync } from 'node:fs';
import { decode, encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Subscriber } from 'zeromq';
import { parseSnapshotJson } from '../../src/metrics/snapshot-json.ts';
import { readFileSync } from 'node:fs';
import { packBatch, packSingle } from '../../src/transport/batch-frame.ts';
import { topicBytes } from '../../src/transport/frame.ts';
import { readMlcommonsMessage } from '../interop/mlcommons-wire.ts';
import { WENT_THROUGH } from '../process/program.ts';
import { vocabularies } from '../workload/vocabularies.ts';
import { ServiceBench } from './service-bench.ts';

const QWEN = vocabularies().find(({ name }) => name === 'Qwen 3')!;
const TOKEN_SERIES = ['isl', 'osl', 'tpot_ns'];

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.end());

/** What a bus of ours publishes, as MLCommons' own load generator would: without our extra key. */
async function captureAsTheirs(address: string): Promise<readonly Uint8Array[]> {
  const socket = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  socket.subscribe();
  socket.connect(address);
  const messages: Uint8Array[] = [];
  for await (const [message] of socket) {
    const { topic, payloads } = readMlcommonsMessage(message!);
    const theirs = payloads.map(withoutExtras);
    messages.push(
      topic === 'batch' ? packBatch(theirs) : packSingle({ topic: topicBytes(topic), payload: theirs[0]! }),
    );
    if (topic === 'session.ended') break;
  }
  socket.close();
  return messages;
}

function withoutExtras(payload: Uint8Array): Uint8Array {
  const { inferometer_extras: _, ...record } = decode(payload, { useBigInt64: true }) as Record<
    string,
    unknown
  >;
  return encode(record, { useBigInt64: true });
}

function tokenSeries(run: string) {
  const { metrics } = parseSnapshotJson(
    readFileSync(bench.file(`${run}/metrics/final_snapshot.json`), 'utf8'),
  );
  return TOKEN_SERIES.map((name) => metrics.find((metric) => metric.name === name));
}

it('aggregate --tokenizer counts what a run with the tokenizer counts', async () => {
  const tokenizer = bench.file('tokenizer.json');
  writeFileSync(tokenizer, JSON.stringify(QWEN.definition));
  const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--fail', 'status:503=0.1');
  // Without the server's usage both have only the text to go by.
  const counting = ['--usage', 'off', '--tokenizer', tokenizer];
  const bus = ['--event-wire', 'mlcommons', '--event-address', `ipc://${bench.file('ours-events')}`];
  const load = ['--rate', '100', '--duration', '1s', '--out', bench.file('ours')];
  const run = bench.start(bench.runArgs(url, 20, ...load, ...counting, ...bus));
  const messages = await captureAsTheirs(`ipc://${bench.file('ours-events')}`);
  const finished = await run.finished;
  expect(WENT_THROUGH, finished.stderr).toContain(finished.code);

  const { program, player } = await bench.startAggregator('--tokenizer', tokenizer);
  await player.play(messages);
  const { code, stderr } = await program.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const ours = tokenSeries('ours');
  for (const series of ours) expect(Number((series as { count: number }).count)).toBeGreaterThan(20);
  expect(tokenSeries('run')).toEqual(ours);
});
