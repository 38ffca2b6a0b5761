import { adapterOf } from '../../src/protocol/adapters.ts';
import { NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import type { Bench, BenchResult } from '../harness/bench.ts';
import { inTurn, perCpuSecond, perSecond } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { streamMessages } from '../system/canned-answers.ts';
import { type ApiStream, apiStreams } from './api-streams.ts';

const CHUNKS = 256;

export const bench: Bench = {
  async run({ quick, rounds }) {
    const messages = streamMessages(CHUNKS).map((text) => Buffer.from(text));
    const streams = quick ? 100 : 2000;
    const { ours, theirs } = await inTurn(rounds, {
      ours: perSecond(streams * CHUNKS, readStreams(messages, streams)),
      theirs: perSecond(streams * CHUNKS, () => {
        for (let stream = 0; stream < streams; stream++) readWithJson(messages);
      }),
    });
    return [
      {
        id: 'protocol/stream',
        what: 'a chunk of a chat stream: SSE and adapter',
        unit: 'chunks/s',
        value: spreadOf(ours),
        peer: { name: 'JSON.parse a frame', value: spreadOf(theirs), ratio: ratioOf(ours, theirs) },
        note: 'each message comes in a read of its own; the text of the answer is collected',
      },
      ...(await otherApis(rounds, quick ? 20 : 500)),
    ];
  },
};

/** A row for each API that streams, beside what parsing its messages alone would take. */
async function otherApis(rounds: number, streams: number): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { api, messages, createReader } of apiStreams(CHUNKS)) {
    const { ours, theirs } = await inTurn(rounds, {
      ours: perCpuSecond(streams * messages.length, readByApi(createReader, messages, streams)),
      theirs: perCpuSecond(streams * messages.length, () => {
        for (let stream = 0; stream < streams; stream++) for (const message of messages) parsed(message);
      }),
    });
    results.push({
      id: `protocol/stream/${api}`,
      what: `a message of a stream of ${api}: framing and adapter`,
      unit: 'messages/CPU-s',
      value: spreadOf(ours),
      peer: { name: 'JSON.parse a message', value: spreadOf(theirs), ratio: ratioOf(ours, theirs) },
    });
  }
  return results;
}

/** Where a message has its JSON: behind `data: `, or all of the line. */
function parsed(message: Buffer): unknown {
  const text = message.toString('utf8');
  const open = text.indexOf('{');
  return open < 0 ? undefined : JSON.parse(text.slice(open));
}

function readByApi(
  createReader: ApiStream['createReader'],
  messages: readonly Buffer[],
  streams: number,
): () => void {
  const reader = createReader();
  const answer = reader.createAccumulator();
  let chunks = 0;
  const parser = reader.framing.createParser({
    onMessage: (buffer, start, end, isNamed) => {
      if (answer.onMessage(buffer, start, end, isNamed) !== NO_CHUNK) chunks += 1;
    },
    onFailure: unexpected,
    onLooseData: unexpected,
  });
  return () => {
    chunks = 0;
    for (let stream = 0; stream < streams; stream++) {
      parser.reset();
      answer.reset(1);
      for (const message of messages) parser.feed(message, 0, message.length);
      parser.finish();
      if (answer.incompleteness() !== undefined) throw new Error('a stream was not complete');
      answer.answer();
    }
    if (chunks < streams) throw new Error(`${chunks} chunks read`);
  };
}

function readStreams(messages: readonly Buffer[], streams: number): () => void {
  const answer = adapterOf('chat').createReader().createAccumulator();
  let chunks = 0;
  const sse = new SseParser({
    onMessage: (buffer, start, end, isNamed) => {
      if (answer.onMessage(buffer, start, end, isNamed) !== NO_CHUNK) chunks += 1;
    },
    onFailure: unexpected,
    onLooseData: unexpected,
  });
  return () => {
    chunks = 0;
    for (let stream = 0; stream < streams; stream++) {
      sse.reset();
      answer.reset(1);
      for (const message of messages) sse.feed(message, 0, message.length);
      answer.answer();
    }
    if (chunks !== streams * CHUNKS) throw new Error(`${chunks} chunks read`);
  };
}

function unexpected(): never {
  throw new Error('the stream holds nothing but messages');
}

interface Frame {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}

function readWithJson(messages: readonly Buffer[]): string {
  let text = '';
  for (const message of messages) {
    const data = message.toString('utf8', 'data: '.length, message.length - 2);
    if (data !== '[DONE]') text += (JSON.parse(data) as Frame).choices[0]?.delta.content ?? '';
  }
  return text;
}
