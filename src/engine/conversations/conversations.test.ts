import { describe, expect, test } from 'vitest';
import { createRunClock } from '../../core/time.ts';
import { type TurnEntry, TurnTable, TurnTableBuilder } from '../../dataset/turn-table.ts';
import { createTicketCounter } from '../../plan/tickets.ts';
import { OPENAI_CHAT } from '../../protocol/openai-chat.ts';
import type { FinalOutput } from '../../protocol/adapter.ts';
import type { ConversationRules } from '../settings.ts';
import { Conversations } from './conversations.ts';

const OPEN = '{"messages":[';
const TAIL = ']}';
const HEAD = 'POST / HTTP/1.1\r\nContent-Length: ';

function live(position: number, messages: string, rest: Partial<TurnEntry> = {}): TurnEntry {
  const waitsFor = position === 0 ? [] : [position - 1];
  return { waitsFor, delayNs: 0, thread: 0, position, live: { open: OPEN, tail: TAIL, messages }, ...rest };
}

function response(text: string): FinalOutput {
  const unknown = { promptTokens: NaN, completionTokens: NaN, cachedTokens: NaN, reasoningTokens: NaN };
  return {
    output: { output: text, reasoning: null, toolCalls: null },
    finishReason: 'stop',
    tokens: { ...unknown, acceptedPredictionTokens: NaN, totalTokens: NaN },
    firstChunkTokens: NaN,
    isEmpty: false,
  };
}

/** One worker's conversations without sockets: what they send is kept. */
class Bench {
  readonly sent: { readonly seq: number; readonly row: number; readonly dueNs: number }[] = [];
  readonly failed: { readonly seq: number; readonly row: number }[] = [];
  readonly clock = createRunClock();
  readonly conversations: Conversations;
  ended = 0;

  constructor(turns: readonly TurnEntry[], rules: Partial<ConversationRules> = {}, firstConversation = 0) {
    const builder = new TurnTableBuilder();
    builder.add(turns);
    this.conversations = new Conversations({
      ...{ clock: this.clock, seed: 1, heads: [HEAD] },
      adapter: OPENAI_CHAT,
      turns: new TurnTable(builder.finish().shared),
      rules: { onTurnFailure: 'end', reasoning: 'drop', ...rules },
    });
    this.conversations.beginPhase({
      ...{
        firstConversation,
        sampleSeqOf: (ticket) => ticket,
        repeatsOf: () => 0,
        startsMidway: 0,
        sampleCounter: createTicketCounter(),
      },
      send: (_, seq, row, dueNs) => this.sent.push({ seq, row, dueNs }),
      failUnsent: (_, seq, row) => this.failed.push({ seq, row }),
      onDue: () => undefined,
      onEnd: () => (this.ended += 1),
    });
  }

  bodyOf(seq: number): string {
    const request = Buffer.from(this.conversations.requestOf(seq, this.sent[seq]!.row)!).toString();
    const [head, body] = request.split('\r\n\r\n') as [string, string];
    expect(head).toBe(`${HEAD}${Buffer.byteLength(body)}`);
    return body;
  }
}

describe('a turn that fails before its request was made', () => {
  test('leaves its messages in the history', () => {
    const bench = new Bench([live(0, '"be brief","one"'), live(1, '"two"')], { onTurnFailure: 'continue' });
    bench.conversations.begin(0, 0, NaN, 0);
    bench.conversations.sampleEnded(0, 5, NaN);
    bench.conversations.sendNext();
    expect(bench.bodyOf(1)).toBe('{"messages":["be brief","one","two"]}');
  });

  test('leaves them to a thread that goes on from there', () => {
    const fork = live(0, '"child"', { thread: 1, forkOf: 0, waitsFor: [0] });
    const bench = new Bench([live(0, '"one"'), fork], { onTurnFailure: 'continue' });
    bench.conversations.begin(0, 0, NaN, 0);
    bench.conversations.sampleEnded(0, 5, NaN);
    bench.conversations.sendNext();
    expect(bench.bodyOf(1)).toBe('{"messages":["one","child"]}');
  });
});

test('turns that wait for nothing are due with the conversation, or so long after that', () => {
  const roots = [live(0, '"one"'), live(0, '"two"', { thread: 1, waitsFor: [], delayNs: 700 })];
  const open = new Bench(roots);
  open.conversations.begin(0, 0, 1000, 0);
  expect(open.sent).toEqual([{ seq: 0, row: 0, dueNs: 1000 }]);
  expect(open.conversations.nextDueNs).toBe(1700);
  open.conversations.sampleEnded(0, 1100, 1100);
  expect(open.ended).toBe(0);
  open.conversations.sendNext();
  expect(open.sent[1]).toEqual({ seq: 1, row: 1, dueNs: 1700 });
  open.conversations.sampleEnded(1, 1800, 1800);
  expect(open.ended).toBe(1);

  const closed = new Bench(roots);
  const beforeNs = closed.clock.nowNs();
  closed.conversations.begin(0, 0, NaN, 0);
  expect(closed.conversations.nextDueNs).toBeGreaterThanOrEqual(beforeNs + 700);
});

test('conversations that the end cuts off are counted, those whose last turns are under way are not', () => {
  const bench = new Bench([live(0, '"one"'), live(1, '"two"')]);
  bench.conversations.begin(0, 0, NaN, 0);
  bench.conversations.begin(1, 0, NaN, 0);
  expect(bench.bodyOf(0)).toBe('{"messages":["one"]}');
  bench.conversations.onResponse(0, response('yes'));
  bench.conversations.sampleEnded(0, 5, 5);
  bench.conversations.sendNext();
  expect(bench.bodyOf(2)).toBe('{"messages":["one",{"role":"assistant","content":"yes"},"two"]}');
  bench.conversations.giveUp();
  expect(bench.conversations.cutOff).toBe(1);
  bench.conversations.sampleEnded(1, 6, 6);
  bench.conversations.sampleEnded(2, 6, 6);
  expect(bench.ended).toBe(2);
  expect(bench.sent).toHaveLength(3);
});

test('think times do not depend on how many conversations a warm-up had', () => {
  const turns = [live(0, '"one"'), live(1, '"two"', { delayNs: NaN })];
  const drawn = (firstConversation: number) => {
    const bench = new Bench(turns, { thinkTime: { kind: 'exponential', meanMs: 5 } }, firstConversation);
    return [0, 1, 2].map((index) => {
      bench.conversations.begin(index, 0, NaN, 0);
      bench.conversations.sampleEnded(bench.sent.at(-1)!.seq, 0, 0);
      const dueNs = bench.conversations.nextDueNs;
      bench.conversations.sendNext();
      return dueNs;
    });
  };
  expect(new Set(drawn(0)).size).toBe(3);
  expect(drawn(17)).toEqual(drawn(0));
});

test('all turns of a conversation fail at once where one has failed', () => {
  const turns = [
    live(0, '"one"'),
    live(1, '"two"'),
    live(0, '"three"', { thread: 1, waitsFor: [], delayNs: 5 }),
    live(1, '"four"', { thread: 1, waitsFor: [2] }),
  ];
  const bench = new Bench(turns, { onTurnFailure: 'fail' });
  bench.conversations.begin(0, 0, 1000, 0);
  expect(bench.sent).toHaveLength(1);
  bench.conversations.sampleEnded(0, 1002, NaN);
  expect(bench.failed).toEqual([
    { seq: 1, row: 1 },
    { seq: 2, row: 2 },
    { seq: 3, row: 3 },
  ]);
  expect(bench.ended).toBe(1);
  expect(bench.conversations.nextDueNs).toBe(Infinity);
  expect(bench.conversations.sampled).toBe(4);
  expect(bench.sent).toHaveLength(1);
});
