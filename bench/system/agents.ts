/**
 * What a run of many agents needs: simulated agents whose frames go through NATS into the coordinator's log and the real aggregator. Prints
 * bytes a chunk, what each step takes, and from these where the first limit lies.
 *
 * Usage: npm run bench:agents [-- --agents 100 --samples 400 --chunks 30]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { publishPart } from '../../src/app/cluster/frame-messages.ts';
import { FrameReceiver } from '../../src/app/cluster/frame-receiver.ts';
import { openNats } from '../../src/app/cluster/nats-place.ts';
import { createRunStream, DEFAULT_STREAM_BYTES, removeRunStream } from '../../src/app/cluster/run-stream.ts';
import { runSubjects } from '../../src/cluster/subjects.ts';
import { createRunId } from '../../src/core/ids.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { countText, numberText } from '../../src/core/quantity-text.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import { numberInPlan } from '../../src/plan/share.ts';
import { RunLogWriter } from '../../src/runlog/append.ts';
import { type Frame, FrameKind, sealFrame } from '../../src/transport/frame.ts';
import { NATS_SERVER, NatsServer } from '../../test/cluster/nats-server.ts';
import { batchOf, recordsOf, startedAggregator, syntheticFrames } from '../aggregator/synthetic-run.ts';

/** The load that the table is computed for: this many agents, each reading as much as a core can. */
const WANTED_AGENTS = 100;
const CHUNKS_PER_AGENT = 250_000;
const WINDOW_FRAMES = 64;

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '100' },
    samples: { type: 'string', default: '400' },
    chunks: { type: 'string', default: '30' },
  },
});
const [agents, samples, chunks] = [Number(values.agents), Number(values.samples), Number(values.chunks)];
const records = agents * samples * recordsOf(chunks);

/** The frames of each agent, with the numbers of its segment, as its log has them behind the header. */
function framesOfAgent(agent: number): Uint8Array[] {
  return [...syntheticFrames(samples, chunks)].map((bytes, index) => {
    const batch = batchOf(bytes);
    const segment = { index: agent, count: agents };
    const sampleSeqs = batch.sampleSeqs.map((seq) => numberInPlan(seq, segment));
    return sealFrame(encodeBatchFrame({ ...batch, workerId: agent, sampleSeqs }), FrameKind.events, index + 1)
      .bytes;
  });
}

function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** By turns, as they arrive from agents that run beside each other. */
function inTurn(
  all: readonly (readonly Uint8Array[])[],
): { agent: number; bytes: Uint8Array; seq: number }[] {
  const longest = Math.max(...all.map((frames) => frames.length));
  return Array.from({ length: longest }, (_, at) =>
    all.flatMap((frames, agent) =>
      frames[at] === undefined ? [] : [{ agent, bytes: frames[at], seq: at + 1 }],
    ),
  ).flat();
}

/** From the stream, in order, into the log; gives the frames as the log has them. */
async function throughNats(
  server: NatsServer,
  sent: ReturnType<typeof inTurn>,
  logPath: string,
): Promise<{ readonly frames: readonly Frame[]; readonly seconds: number; readonly cpuSeconds: number }> {
  const place = await openNats({ urls: [server.url] }, 'bench', SILENT_LOG);
  const runId = createRunId();
  await createRunStream(place, runId, DEFAULT_STREAM_BYTES / 4);
  const writer = RunLogWriter.open(logPath);
  const frames: Frame[] = [];
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const receiver = await FrameReceiver.open({
    ...{ place, runId, agents, onFailure: reject },
    onFrame: ({ kind, bytes }) => {
      frames.push(writer.append(kind, bytes));
      if (frames.length === sent.length) resolve();
    },
  });
  const subjects = runSubjects(runId);
  let next = 0;
  const publisher = async () => {
    for (let at = next++; at < sent.length; at = next++) {
      const { agent, bytes, seq } = sent[at]!;
      await publishPart(place.js, subjects.frames(agent), `${runId}.${agent}`, {
        seq,
        part: 0,
        parts: 1,
        bytes,
      });
    }
  };
  await Promise.all(Array.from({ length: WINDOW_FRAMES }, publisher));
  await done;
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  await receiver.close();
  await writer.close();
  await removeRunStream(place, runId);
  await place.close();
  return { frames, seconds, cpuSeconds: (user + system) / 1e6 };
}

const folder = mkdtempSync(join(tmpdir(), 'inferometer-agents-'));
try {
  if (NATS_SERVER === undefined) throw new Error('nats-server is not installed (apt install nats-server)');
  const sent = inTurn(Array.from({ length: agents }, (_, agent) => framesOfAgent(agent)));
  const bytes = sent.reduce((sum, frame) => sum + frame.bytes.length, 0);
  const server = await NatsServer.start();
  const stream = await throughNats(server, sent, join(folder, 'run.log')).finally(() => server.end());
  let issued = 0;
  const foldSeconds = cpuSecondsOf(() => {
    const { aggregator, registry, metrics } = startedAggregator(folder);
    for (const frame of stream.frames) aggregator.process(batchOf(frame.bytes));
    issued = Number(metrics.counters.tracked_samples_issued.value);
    registry.close();
  });
  if (issued !== agents * samples) throw new Error(`${issued} samples folded, of ${agents * samples}`);

  const bytesPerEvent = bytes / records;
  const foldRate = records / foldSeconds;
  const passRate = records / stream.cpuSeconds;
  const streamBytesPerSecond = bytes / stream.seconds;
  const wanted = WANTED_AGENTS * CHUNKS_PER_AGENT;
  const row = (what: string, value: string, share: number) => [what, value, `${numberText(share)}`];
  const lines = [
    ['', 'measured here', `needed for ${WANTED_AGENTS} × ${countText(CHUNKS_PER_AGENT)} chunks/s`],
    row('aggregator, events per core-second', countText(Math.round(foldRate)), wanted / foldRate),
    row(
      'publishing, receiving and logging, events per core-second',
      countText(Math.round(passRate)),
      wanted / passRate,
    ),
    row(
      'through one NATS server, MB/s',
      numberText(streamBytesPerSecond / 1e6),
      (wanted * bytesPerEvent) / streamBytesPerSecond,
    ),
  ];
  process.stdout.write(
    `${agents} simulated agents, ${countText(agents * samples)} samples of ${chunks} chunks, ${countText(records)} events in ${countText(sent.length)} frames; ` +
      `${numberText(bytesPerEvent)} bytes an event on the wire\n\n${alignColumns(lines).join('\n')}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
