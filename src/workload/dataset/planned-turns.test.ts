import { expect, test } from 'vitest';
import { type Conversation, type Message, PLAIN_TURN, type Turn } from '../conversation.ts';
import { type HistoryChoice, plannedTurns } from './planned-turns.ts';

const PLACE = () => 'talks.jsonl:1';

function planned(conversation: Conversation, history: HistoryChoice) {
  return plannedTurns(conversation, history, (_, at) => `made up ${at}`);
}

function turn(text: string, rest: Partial<Turn> = {}): Turn {
  return { ...PLAIN_TURN, messages: [{ role: 'user', content: text }], ...rest };
}

function conversation(turns: readonly Turn[], rest: Partial<Conversation> = {}): Conversation {
  return { ...{ id: 'a', place: PLACE, startMs: null, history: 'live', turns, children: [] }, ...rest };
}

function textsOf(messages: unknown): readonly unknown[] {
  return (messages as readonly Message[]).map(({ content }) => content);
}

test('a live turn waits for the one before it, whatever else it waits for', () => {
  const turns = planned(conversation([turn('one'), turn('two'), turn('three', { waitsFor: [0] })]), 'auto');
  expect(turns.map(({ waitsFor }) => waitsFor)).toEqual([[], [0], [1, 0]]);
  expect(turns.every(({ isLive }) => isLive)).toBe(true);
});

test('a conversation of one turn is a plain request', () => {
  expect(planned(conversation([turn('one')]), 'auto')).toMatchObject([{ isLive: false, waitsFor: [] }]);
});

test('calls that failed when they were recorded are left out; who waits for them waits for what they waited for', () => {
  const failed = { recorded: { hasFailed: true } };
  const turns = planned(
    conversation(
      [
        turn('one'),
        turn('two', { waitsFor: [0], ...failed }),
        turn('three', { waitsFor: [1], ...failed }),
        turn('four', { waitsFor: [2, 0] }),
      ],
      { history: 'recorded' },
    ),
    'auto',
  );
  expect(turns.map(({ row }) => row)).toEqual([{ prompt: 'one' }, { prompt: 'four' }]);
  expect(turns.map(({ waitsFor }) => waitsFor)).toEqual([[], [0]]);
  expect(turns.map(({ position }) => position)).toEqual([0, 1]);
  expect(() => planned(conversation([turn('one', failed)]), 'auto')).toThrow('each of its calls failed');
});

test('what goes with a turn becomes a column of its row', () => {
  const [row] = planned(
    conversation([
      turn('look', {
        outputTokens: 7,
        model: 'b',
        tools: [{ type: 'function' }],
        extraBody: { top_k: 1 },
        images: ['https://x/1.png'],
      }),
    ]),
    'auto',
  ).map((one) => one.row);
  expect(row).toEqual({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'https://x/1.png' } },
        ],
      },
    ],
    model: 'b',
    tools: [{ type: 'function' }],
    max_tokens: 7,
    extra_body: { top_k: 1 },
  });
});

test('a recorded history holds the answers of the file', () => {
  const answered = turn('one', { recorded: { answer: 'yes' } });
  const turns = planned(
    conversation([answered, turn('two', { waitsFor: [0] })], { system: 'be brief' }),
    'recorded',
  );
  expect(turns.map(({ isLive }) => isLive)).toEqual([false, false]);
  expect(textsOf(turns[1]!.row.messages)).toEqual(['be brief', 'one', 'yes', 'two']);
});

test.each([
  [[turn('one'), turn('two', { waitsFor: [0] })], 'recorded', 'turn 1: has no recorded answer'],
  [[turn('one'), turn('two', { waitsFor: ['b'] })], 'auto', 'turn 2 waits for "b"'],
] as const)('what cannot be sent is refused with its place %#', (turns, history, message) => {
  expect(() => planned(conversation(turns), history)).toThrow(message);
});

test('this server’s responses have no place in turns that bring their history', () => {
  const recorded = conversation([turn('one'), turn('two', { waitsFor: [0] })], { history: 'recorded' });
  expect(() => planned(recorded, 'live')).toThrow('leave out --history live');
});

test('a turn that has only a length gets a text', () => {
  const length = turn('', { messages: null, inputTokens: 5 });
  const live = planned(conversation([length, { ...length, waitsFor: [0] }]), 'auto');
  expect(live.map(({ row }) => textsOf(row.messages))).toEqual([['made up 0'], ['made up 1']]);
  const whole = planned(conversation([length], { history: 'recorded' }), 'auto');
  expect(whole[0]!.row).toEqual({ prompt: 'made up 0' });
});

test('turns without a delay come as far apart as their times say', () => {
  const turns = planned(
    conversation(
      [
        turn('one', { dueMs: 100 }),
        turn('two', { dueMs: 5100 }),
        turn('three', { dueMs: 9000, waitsFor: [1] }),
      ],
      {
        history: 'recorded',
      },
    ),
    'auto',
  );
  expect(turns.map(({ delayMs }) => delayMs)).toEqual([null, 5000, 3900]);
});

test('a fork has no recorded history to go on from', () => {
  const child = conversation([turn('child')], { id: 'b', startsAfterParentTurn: 0 });
  const parent = conversation(
    [turn('one', { starts: [{ ids: ['b'], mode: 'fork', isJoined: false, atMs: null }] })],
    {
      children: [child],
    },
  );
  expect(() => planned(parent, 'recorded')).toThrow('leave out --history recorded');
  expect(planned(parent, 'auto')[1]).toMatchObject({ forkOf: 0, waitsFor: [0] });
});
