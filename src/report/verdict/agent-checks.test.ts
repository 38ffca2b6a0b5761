import { expect, test } from 'vitest';
import type { AgentFacts } from '../../core/agent-news.ts';
import { agentsText } from '../agent-text.ts';
import { AGENT_CHECKS } from './agent-checks.ts';
import type { VerdictFacts } from './facts.ts';

const agent = (name: string, facts: Partial<AgentFacts> = {}): AgentFacts => ({
  ...{
    name,
    host: 'h',
    workers: 2,
    clock_offset_ns: '0',
    clock_error_ns: 1e5,
    clock_drift_ppm: null,
    start_late_ns: 1e6,
  },
  ...{ sent: 1, lost_ns: null, returned: 0, ...facts },
});

function found(...agents: readonly AgentFacts[]): readonly (string | undefined)[] {
  // No other fact is looked at.
  const facts = { agents } as unknown as VerdictFacts;
  return AGENT_CHECKS.flatMap(({ name, judge }) => {
    const finding = judge(facts);
    return finding === undefined ? [] : [`${name} ${finding.level}: ${finding.message}`];
  });
}

test('agents that were there, and together, give no finding', () => {
  expect(found()).toEqual([]);
  expect(found(agent('a'), agent('b', { start_late_ns: 5e6, clock_error_ns: 5e6 }))).toEqual([]);
});

test('a lost agent makes the run invalid, from when it was heard last', () => {
  const [only, ...rest] = found(agent('a'), agent('b', { lost_ns: 12e9 }));
  expect(only).toMatch(
    /^agent_lost invalid: b was lost 12\.0 s into the run: 1 of 2 parts of the load is missing/,
  );
  expect(rest).toEqual([]);
});

test('a late start and clocks that are far apart degrade it', () => {
  const [start, clocks] = found(agent('a', { start_late_ns: 5.1e6 }), agent('b', { clock_error_ns: 6e6 }));
  expect(start).toMatch(/^agent_start degraded: .* late were a by 5\.10 ms/);
  expect(clocks).toMatch(/^agent_clocks degraded: .* 6\.00 ms apart/);
});

test('in words', () => {
  expect(agentsText([])).toBe('');
  expect(agentsText([agent('a'), agent('b', { workers: 1, start_late_ns: 25e5, lost_ns: 1 })])).toBe(
    '2: a (2 workers), b (1 worker); they started within 1.50 ms of each other; their clocks agree to 100 µs; LOST: b',
  );
});
