import type { Bench, BenchLine, BenchOptions, BenchResult } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { answerBytes, streamedAnswer } from './canned-answers.ts';
import { QUICK_WARM_UP, WARM_UP } from './clients/order.ts';
import { runClient, type ClientName } from './clients/run-client.ts';
import { CannedServer, type Pace } from './server/canned-server.ts';

const STREAMS = 256;
const CHUNKS = 100;
const GOAL = 0.85;

interface Load {
  readonly id: string;
  readonly text: string;
  readonly pace: Pace;
  readonly note?: string;
  readonly tried?: string;
}

const PACED_TRIED =
  'one view of the read buffer and what was learned serve all connections, framing is read at once, nothing is allocated a chunk. Hot, a chunk takes 0.3 µs; one that comes alone after the thread has slept finds the state of its connection, and the code, out of the cache, and that costs 1 to 3 µs more than the little that bare sockets touch.';

const LOADS: readonly Load[] = [
  {
    id: 'flat-out',
    text: 'flat out',
    pace: { gapUs: 0, pace: 'spread' },
    note: 'no ranking: in saturation the slower client finds more chunks in each read and looks cheaper',
  },
  {
    id: 'spread',
    text: 'one in 10 ms a stream',
    pace: { gapUs: 10_000, pace: 'spread' },
    tried: PACED_TRIED,
  },
  {
    id: 'in-step',
    text: 'one in 10 ms a stream, all at once',
    pace: { gapUs: 10_000, pace: 'in-step' },
    tried: PACED_TRIED,
  },
];

/** Chunks a CPU-second of 256 streams, each stamped; the engine also reads, records and encodes them. */
export const bench: Bench = {
  async run(options) {
    const lines: BenchLine[] = [];
    for (const load of LOADS) lines.push(...(await measure(options, load)));
    return lines;
  },
};

async function measure(
  { quick, rounds, say }: BenchOptions,
  { id, text, pace, note, tried }: Load,
): Promise<readonly BenchLine[]> {
  const answer = streamedAnswer(CHUNKS);
  const server = await CannedServer.start(answer, pace);
  say(`${STREAMS} streams, ${text}, server in ${server.language}`);
  const order = {
    ...{ url: server.url, connections: STREAMS, streaming: true, answerBytes: answerBytes(answer) },
    ...{ warmUp: quick ? QUICK_WARM_UP : WARM_UP, measureMs: quick ? 1000 : 5000 },
  };
  const client = (name: ClientName) => async () => {
    const { chunks, cpuSeconds } = await runClient(name, order);
    return chunks / cpuSeconds;
  };
  try {
    const values = await inTurn(rounds, {
      engine: client('engine'),
      bare: client('bare'),
      undici: client('undici'),
      openai: client('openai'),
    });
    const line = (theirs: keyof typeof PEER_NAMES): BenchResult => ({
      id: `system/streaming/${id}/${theirs}`,
      what: `streamed chunks, engine worker, ${STREAMS} streams, ${text}`,
      unit: 'chunks/CPU-s',
      value: spreadOf(values.engine),
      peer: {
        name: PEER_NAMES[theirs],
        value: spreadOf(values[theirs]),
        ratio: ratioOf(values.engine, values[theirs]),
      },
    });
    return [
      {
        ...line('bare'),
        goal: { of: 'ratio', bound: 'at least', value: GOAL },
        ...(note === undefined ? {} : { note }),
        ...(tried === undefined ? {} : { tried }),
      },
      line('undici'),
      line('openai'),
    ];
  } finally {
    await server.close();
  }
}

const PEER_NAMES = {
  bare: 'bare Node sockets',
  undici: 'undici Pool',
  openai: 'OpenAI SDK',
} as const;
