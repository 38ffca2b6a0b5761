import { createRunClock } from '../../src/core/time.ts';
import { TurnTableBuilder, type TurnTable } from '../../src/dataset/turn-table.ts';
import { Conversations } from '../../src/engine/conversations/conversations.ts';
import { createTicketCounter } from '../../src/plan/tickets.ts';
import { OPENAI_CHAT } from '../../src/protocol/openai-chat.ts';
import type { FinalOutput } from '../../src/protocol/adapter.ts';
import type { Bench } from '../harness/bench.ts';
import { cpuSecondsIn, inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';

/** Said before the turns that are measured. */
const HISTORY_BYTES = 100_000;
const TURNS = 200;
const QUESTION = 'And what follows from that, in a few words?';
const ANSWER = 'It follows that "nothing" follows.\n'.repeat(8);
const OPEN = '{"model":"m","messages":[';
const TAIL = '],"stream_options":{"include_usage":true},"stream":true}';
const HEAD =
  'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Type: application/json\r\nContent-Length: ';

export const bench: Bench = {
  async run({ quick, rounds }) {
    const talks = quick ? 2 : 20;
    const turns = tableOf();
    const { ours, theirs } = await inTurn(rounds, {
      ours: () => microsecondsPerTurn(talks, () => talk(turns)),
      theirs: () => microsecondsPerTurn(Math.ceil(talks / 10), talkWithJson),
    });
    return [
      {
        id: 'engine/conversation-turn',
        what: 'a turn that repeats 100 kB of history',
        unit: 'CPU µs',
        value: spreadOf(ours),
        peer: {
          name: 'JSON.stringify of the history',
          value: spreadOf(theirs),
          ratio: ratioOf(ours, theirs),
        },
        goal: { of: 'value', bound: 'at most', value: 60 },
        isLessBetter: true,
        note: 'from the response to the bytes of the next request, without the socket',
      },
    ];
  },
};

function microsecondsPerTurn(talks: number, run: () => void): number {
  const seconds = cpuSecondsIn(() => {
    for (let count = 0; count < talks; count++) run();
  });
  return (seconds * 1e6) / (talks * TURNS);
}

function user(content: string): string {
  return JSON.stringify({ role: 'user', content });
}

function tableOf(): TurnTable {
  const builder = new TurnTableBuilder();
  builder.add(
    Array.from({ length: TURNS }, (_, position) => ({
      waitsFor: position === 0 ? [] : [position - 1],
      ...{ delayNs: 0, thread: 0, position },
      live: { open: OPEN, tail: TAIL, messages: user(position === 0 ? 'x'.repeat(HISTORY_BYTES) : QUESTION) },
    })),
  );
  return builder.finish();
}

const RESPONSE: FinalOutput = {
  output: { output: [ANSWER.slice(0, 3), ANSWER.slice(3)], reasoning: null, toolCalls: null },
  finishReason: 'stop',
  tokens: {
    ...{ promptTokens: NaN, completionTokens: NaN, cachedTokens: NaN, reasoningTokens: NaN },
    ...{ acceptedPredictionTokens: NaN, totalTokens: NaN },
  },
  firstChunkTokens: NaN,
  isEmpty: false,
};

/** One conversation, all turns. */
function talk(turns: TurnTable): void {
  const conversations = new Conversations({
    ...{ clock: createRunClock(), turns, seed: 1, heads: [HEAD] },
    rules: { onTurnFailure: 'end', reasoning: 'drop' },
    adapter: OPENAI_CHAT,
  });
  let sent = { seq: -1, row: -1 };
  let ended = 0;
  conversations.beginPhase({
    ...{
      firstConversation: 0,
      sampleSeqOf: (ticket) => ticket,
      repeatsOf: () => 0,
      startsMidway: 0,
      sampleCounter: createTicketCounter(),
    },
    send: (_, seq, row) => {
      sent = { seq, row };
    },
    failUnsent: () => undefined,
    onDue: () => undefined,
    onEnd: () => {
      ended += 1;
    },
  });
  conversations.begin(0, 0, NaN, 0);
  for (let turn = 0; ; turn++) {
    const request = conversations.requestOf(sent.seq, sent.row)!;
    if (request.length < HISTORY_BYTES) throw new Error('the history is missing');
    conversations.onResponse(sent.seq, RESPONSE);
    conversations.sampleEnded(sent.seq, turn, turn);
    if (ended > 0) return;
    conversations.sendNext();
  }
}

function talkWithJson(): void {
  const messages: unknown[] = [{ role: 'user', content: 'x'.repeat(HISTORY_BYTES) }];
  for (let turn = 0; turn < TURNS; turn++) {
    const body = JSON.stringify({
      model: 'm',
      messages,
      stream_options: { include_usage: true },
      stream: true,
    });
    const request = Buffer.from(`${HEAD}${Buffer.byteLength(body)}\r\n\r\n${body}`);
    if (request.length < HISTORY_BYTES) throw new Error('the history is missing');
    messages.push({ role: 'assistant', content: ANSWER }, { role: 'user', content: QUESTION });
  }
}
