import { expect, test } from 'vitest';
import { AgentLedger, type AgentNews, isAgentNews, readAgents } from './agent-news.ts';

const opened = (agent: number, name: string): AgentNews => ({
  ...{ agent, at_ns: 0, event: 'opened', name, host: 'h', workers: 2 },
  ...{ clock_offset_ns: '-3000000000', clock_error_ns: 90_000 },
});

function ledgerOf(...news: readonly AgentNews[]): AgentLedger {
  const ledger = new AgentLedger();
  for (const one of news) ledger.fold(one);
  return ledger;
}

test('the ledger has the latest of each agent, in the order of their segments', () => {
  const ledger = ledgerOf(
    opened(1, 'b'),
    opened(0, 'a'),
    { agent: 1, at_ns: 1, event: 'started', phase: 0, late_ns: 2e6 },
    { agent: 1, at_ns: 2, event: 'started', phase: 1, late_ns: 1e6 },
    { agent: 0, at_ns: 3, event: 'lost', last_heard_ns: 2 },
    { agent: 0, at_ns: 4, event: 'returned' },
    { agent: 1, at_ns: 5, event: 'lost', last_heard_ns: 4 },
  );
  expect(ledger.facts()).toEqual([
    expect.objectContaining({ name: 'a', lost_ns: null, returned: 1, start_late_ns: null }),
    expect.objectContaining({ name: 'b', lost_ns: 4, returned: 0, start_late_ns: 2e6 }),
  ]);
});

test('news of an agent that never opened change nothing', () => {
  expect(ledgerOf({ agent: 7, at_ns: 0, event: 'returned' }).isEmpty).toBe(true);
});

test('what a snapshot tells is read again; anything else is left out', () => {
  const facts = ledgerOf(opened(0, 'a')).facts();
  expect(readAgents({ agents: JSON.parse(JSON.stringify(facts)) as unknown })).toEqual(facts);
  expect(readAgents({ agents: [{ name: 'a' }, null, 3] })).toEqual([]);
  expect(readAgents({})).toEqual([]);
});

test('news need an agent, a time and an event', () => {
  expect(isAgentNews(opened(0, 'a'))).toBe(true);
  for (const one of [null, 3, {}, { agent: -1, at_ns: 0, event: 'x' }, { agent: 0, at_ns: NaN, event: 'x' }])
    expect(isAgentNews(one)).toBe(false);
});
