import {
  countedText,
  countText,
  durationText,
  numberText,
  percentText,
  settingText,
} from '../../core/quantity-text.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import { isChanged, steeringText } from '../steering-facts.ts';
import { isBusy, lateAdvice } from './advice.ts';
import { type Check, check, degraded, type Judgement, note, percents, worse } from './check.ts';
import type { VerdictFacts } from './facts.ts';
import { VERDICT_LIMITS } from './verdict-limits.ts';

const L = VERDICT_LIMITS;

/** Whether the load was the one asked for. */
export const LOAD_CHECKS: readonly Check[] = [
  check('steered', 'the rate or the concurrency was changed by hand', '', judgeSteering),
  check(
    'rate_achieved',
    `less than ${percents(L.rateShare)} of the requested rate went out, allowing for scatter`,
    `less than ${percents(L.rateShareInvalid)} went out`,
    judgeRate,
  ),
  check('connect_back_off', '', '', judgeBackOff),
  check(
    'issue_delay',
    `issue delay at p99 above the mean gap and above ${percents(L.issueDelayShareOfLatency)} of the median response latency`,
    '',
    judgeIssueDelay,
  ),
];

function judgeSteering({ steering }: VerdictFacts): Judgement {
  if (steering === null) return undefined;
  const told = steeringText(steering);
  return isChanged(steering)
    ? degraded(`${told}: the percentiles are over several loads, which the plot over time tells apart`)
    : note(
        `${told}: the numbers stand: the throughput leaves the pauses out, only the reference's QPS and TPS have them`,
      );
}

/** Poisson arrivals scatter by 1/√n of their number, so three times that is allowed for. There is no one rate of a steered run. */
function judgeRate(facts: VerdictFacts): Judgement {
  const { requestedRatePerSecond, issueRateAtMostPerSecond, samples, steering } = facts;
  if (requestedRatePerSecond === null || issueRateAtMostPerSecond === null) return undefined;
  if (steering !== null || facts.hasConversations) return undefined;
  // The average of stages says nothing of a part of them.
  if (facts.doesRateChange && facts.stoppedEarly) return undefined;
  const scatter = 3 / Math.sqrt(samples.issued);
  const share = issueRateAtMostPerSecond / requestedRatePerSecond;
  if (share >= L.rateShare * (1 - scatter)) return undefined;
  if (isHeldByLimit(facts)) return undefined;
  return worse(
    share < L.rateShareInvalid * (1 - scatter),
    `requests went out at ${numberText(issueRateAtMostPerSecond)}/s at most, ${percentText(share)} of the ` +
      `${settingText(requestedRatePerSecond)}/s requested: raise --max-connections${isBusy(facts) ? ' or --workers' : ''}, or lower --rate`,
  );
}

/** Of the reads in a delay: their mean is far below what the latest request had to wait for. */
const READ_SHARE = 20;

function judgeBackOff({ client }: VerdictFacts): Judgement {
  const { connectBackOffMs = null, connectFailures, connectionsOpened } = client ?? {};
  if (connectBackOffMs === null || connectBackOffMs === 0) return undefined;
  const failed = connectFailures ?? 0;
  return note(
    `${countText(failed)} of ${countedText(failed + (connectionsOpened ?? 0), 'attempt')} to connect failed, many in a row: ` +
      `the client paused between attempts (${durationText(connectBackOffMs * NS_PER_MS)} over all threads and endpoints), ` +
      `and requests that were due meanwhile failed together or went out later`,
  );
}

function judgeIssueDelay(facts: VerdictFacts): Judgement {
  const { issueDelayP99Ns, client } = facts;
  const gapNs = allowedGapNs(facts);
  if (gapNs === null || issueDelayP99Ns === null || !isLate(facts)) return undefined;
  if (isHeldByLimit(facts)) return note(limitText(facts, issueDelayP99Ns));
  const [cause, advice] = waitedForConnection(client?.sendDelayP99Ns ?? null, issueDelayP99Ns)
    ? ['--max-connections was reached', 'raise it']
    : readFromFile(facts, issueDelayP99Ns)
      ? ['requests had to be read from a file', 'raise --dataset-memory']
      : ['the client was late', lateAdvice(facts)];
  return degraded(
    `1 % of the requests went out more than ${durationText(issueDelayP99Ns)} late${gapNs === 0 ? '' : `, at a mean gap of ${durationText(gapNs)}`}, ` +
      `because ${cause}, so the actual load was not the requested load; ` +
      `use the response metrics (measured from the scheduled time), and ${advice}`,
  );
}

/** Reading requests took, on average, a good part of the delay of the latest. */
function readFromFile({ client, samples }: VerdictFacts, issueDelayP99Ns: number): boolean {
  const readMs = client?.requestReadMs ?? 0;
  return readMs * NS_PER_MS * READ_SHARE > samples.issued * issueDelayP99Ns;
}

/** A turn is due in closed loop, too, and between two of a conversation there is no mean gap to allow for. Null where nothing is due. */
function allowedGapNs({ hasConversations, requestedRatePerSecond: rate }: VerdictFacts): number | null {
  if (hasConversations) return 0;
  return rate === null ? null : NS_PER_SECOND / rate;
}

/** 1 % of the requests went out so late that it matters. */
function isLate(facts: VerdictFacts): boolean {
  const { issueDelayP99Ns, medianResponseLatencyNs } = facts;
  const gapNs = allowedGapNs(facts);
  if (gapNs === null || issueDelayP99Ns === null) return false;
  return issueDelayP99Ns > Math.max(gapNs, L.issueDelayShareOfLatency * (medianResponseLatencyNs ?? 0));
}

/** Requests went out late because of the limit the run was given, and not because of the client. */
function isHeldByLimit(facts: VerdictFacts): boolean {
  const { maxInFlight = null, issueDelayP99Ns, client } = facts;
  if (maxInFlight === null || issueDelayP99Ns === null || !isLate(facts)) return false;
  return waitedForConnection(client?.sendDelayP99Ns ?? null, issueDelayP99Ns);
}

function limitText(facts: VerdictFacts, issueDelayP99Ns: number): string {
  const {
    maxInFlight,
    requestedRatePerSecond: asked,
    issueRateAtMostPerSecond: sent,
    hasConversations,
  } = facts;
  const isRateKnown = asked !== null && sent !== null && !hasConversations && sent < asked;
  const rates = isRateKnown
    ? `, and ${numberText(sent)}/s went out of the ${settingText(asked)}/s requested`
    : '';
  return (
    `1 % of the requests waited more than ${durationText(issueDelayP99Ns)} because ${countText(maxInFlight!)} were in flight ` +
    `(--max-in-flight)${rates}: response metrics include the wait`
  );
}

/** Whether requests that went out late waited for a connection: the client itself had turned to them in time. */
export function waitedForConnection(sendDelayP99Ns: number | null, issueDelayP99Ns: number): boolean {
  return sendDelayP99Ns !== null && sendDelayP99Ns < issueDelayP99Ns / 2;
}
