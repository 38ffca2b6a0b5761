import { countText, durationText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { type Check, check, degraded, invalid, type Judgement } from './check.ts';
import type { VerdictFacts } from './facts.ts';

/** An agent that begins later than this did not start with the others. */
const LATE_START_NS = 5 * NS_PER_MS;
/** Times of samples of different agents compare no better than their clocks. */
const CLOCK_ERROR_NS = 5 * NS_PER_MS;

/** Whether the load generators that shared the run were there, and together. */
export const AGENT_CHECKS: readonly Check[] = [
  check('agent_lost', '', 'a load generator of several was lost', judgeLost),
  check('agent_start', 'a load generator of several began a phase more than 5 ms late', '', judgeStart),
  check('agent_clocks', 'the clocks of load generators may be off by more than 5 ms', '', judgeClocks),
];

function judgeLost({ agents = [] }: VerdictFacts): Judgement {
  const lost = agents.filter((agent) => agent.lost_ns !== null);
  const [first] = lost;
  if (first === undefined) return undefined;
  const names = lost.map(({ name }) => name).join(', ');
  return invalid(
    `${names} ${lost.length === 1 ? 'was' : 'were'} lost ${durationText(Number(first.lost_ns))} into the run:` +
      ` ${countText(lost.length)} of ${countText(agents.length)} parts of the load ${lost.length === 1 ? 'is' : 'are'} missing from then on;` +
      ' look at the log of that agent, and repeat the run',
  );
}

function judgeStart({ agents = [] }: VerdictFacts): Judgement {
  const late = agents.filter((agent) => (agent.start_late_ns ?? 0) > LATE_START_NS);
  if (late.length === 0) return undefined;
  const told = late.map(({ name, start_late_ns: lateNs }) => `${name} by ${durationText(Number(lateNs))}`);
  return degraded(
    `not all load generators began together: late were ${told.join(', ')}; use machines with idle cores, closer to NATS`,
  );
}

function judgeClocks({ agents = [] }: VerdictFacts): Judgement {
  const worst = Math.max(0, ...agents.map((agent) => agent.clock_error_ns));
  if (worst <= CLOCK_ERROR_NS) return undefined;
  return degraded(
    `the clocks of the load generators may be ${durationText(worst)} apart, and so may their charts over time (latencies are not affected);` +
      ' put NATS and the coordinator closer to them',
  );
}
