import { adapterOf } from '../../src/protocol/adapters.ts';
import { NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import type { Bench } from '../harness/bench.ts';
import { inTurn, perSecond } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { streamMessages } from '../system/canned-answers.ts';

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
    ];
  },
};

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
