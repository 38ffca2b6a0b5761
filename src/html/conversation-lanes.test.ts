import { expect, it } from 'vitest';
import { readConversationLanes, type ConversationLane } from '../core/conversation-lanes.ts';
import { laneSection } from './conversation-lanes.ts';

const LANES: readonly ConversationLane[] = [
  {
    conversation: 7,
    turns: [
      { turn: 1, due_ns: 1e9, issued_ns: 1.5e9, first_chunk_ns: 2e9, end_ns: 3e9, outcome: 'succeeded' },
      { turn: 2, due_ns: null, issued_ns: 4e9, first_chunk_ns: null, end_ns: 5e9, outcome: 'failed' },
    ],
  },
  { conversation: 8, turns: [] },
];

it('draws what a turn waited for, and tells it to who points at it', () => {
  const { markup } = laneSection(LANES, 0);
  expect(markup).toContain(
    'conversation 7, turn 1: succeeded, issue delay 500 ms, TTFT 500 ms, latency 1.50 s',
  );
  expect(markup).toContain('conversation 7, turn 2: failed, latency 1.00 s');
  const [wide = ''] = /<svg class="wide"[^]*?<\/svg>/.exec(markup) ?? [];
  expect(wide.match(/class="rest/g)).toHaveLength(1);
  expect(wide.match(/class="wait"/g)).toHaveLength(1);
  expect(wide.match(/class="cross"/g)).toHaveLength(1);
  expect(wide.match(/<text[^>]*>#\d+/g)).toHaveLength(1);
  expect(wide).toContain('>2 s</text>');
});

it('is not there without a turn', () => {
  expect(laneSection([], 0).markup).toBe('');
  expect(laneSection([LANES[1]!], 0).markup).toBe('');
});

it.each([undefined, null, 7, 'lanes', [null], [7], [{}], [{ conversation: 1, turns: 'x' }]])(
  'leaves %j in a snapshot out',
  (lanes) => {
    expect(laneSection(readConversationLanes({ conversation_lanes: lanes }), 0).markup).toBe('');
  },
);

it('leaves turns out that are none, and keeps the others', () => {
  const [lane] = readConversationLanes({
    conversation_lanes: [
      {
        conversation: 1,
        turns: [null, { turn: 1 }, { ...LANES[0]!.turns[0], due_ns: 'x' }, LANES[0]!.turns[1]],
      },
    ],
  });
  expect(lane).toEqual({ conversation: 1, turns: [LANES[0]!.turns[1]] });
});
