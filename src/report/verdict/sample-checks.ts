import { countedText, countText, percentText, settingText } from '../../core/quantity-text.ts';
import { quantilePlace } from '../../stats/quantile.ts';
import { type Check, check, degraded, invalid, type Judgement, note, percents, worse } from './check.ts';
import type { VerdictFacts } from './facts.ts';
import { VERDICT_LIMITS } from './verdict-limits.ts';

const L = VERDICT_LIMITS;

/** What became of the samples, and whether there are enough of them. */
export const SAMPLE_CHECKS: readonly Check[] = [
  check(
    'samples_errored',
    `more than ${percents(L.erroredShare)} of the samples failed`,
    `more than ${percents(L.erroredShareInvalid)} failed, or all`,
    judgeErrors,
  ),
  check(
    'client_limits',
    'a sample failed because the client had no port or descriptor left',
    `more than ${percents(L.clientLimitShareInvalid)} did`,
    judgeClientLimits,
  ),
  check(
    'samples_cancelled',
    `more than ${percents(L.cancelledShare)} of the samples were cancelled by the run`,
    '',
    judgeCancelled,
  ),
  check('samples_cancelled_by_plan', '', '', judgeCancelledByPlan),
  check(
    'samples_not_sent',
    `more than ${percents(L.notSentShare)} of the requests that were due were not sent`,
    '',
    judgeNotSent,
  ),
  check('successes_after_retry', '', '', judgeRetries),
  check('failures_in_latency', '', '', judgeFailuresInLatency),
  check(
    'percentile_support',
    `fewer than ${settingText(L.fewestSamples)} samples and an SLO about a percentile above p90`,
    '',
    judgePercentileSupport,
  ),
];

function judgeErrors({ samples, mostFrequentError }: VerdictFacts): Judgement {
  const { succeeded, errored, cancelled, cancelledByPlan } = samples;
  if (errored === 0) {
    return succeeded === 0 && cancelled > 0 && cancelledByPlan === 0
      ? invalid(`no sample succeeded: all ${countText(cancelled)} were cancelled by the run`)
      : undefined;
  }
  const cause = mostFrequentError === null ? '' : `, most often ${mostFrequentError}`;
  const unharmed = succeeded + cancelledByPlan;
  if (unharmed === 0) return invalid(`no sample succeeded: all ${countText(errored)} failed${cause}`);
  const share = errored / (unharmed + errored);
  if (share <= L.erroredShare) return undefined;
  return worse(
    share > L.erroredShareInvalid,
    `${percentText(share)} of the samples failed${cause}; the limit is ${percents(L.erroredShare)}:` +
      ' look at the errors by type, lower the load or fix the server',
  );
}

function judgeClientLimits({ samples, clientLimitErrors }: VerdictFacts): Judgement {
  if (clientLimitErrors === 0) return undefined;
  return worse(
    clientLimitErrors / samples.issued > L.clientLimitShareInvalid,
    `${countedText(clientLimitErrors, 'sample')} failed because this machine had no port or descriptor left, not for the server:` +
      ' raise ulimit -n, widen net.ipv4.ip_local_port_range, or lower --max-connections or the load',
  );
}

function judgeCancelled({ samples }: VerdictFacts): Judgement {
  const share = samples.cancelled / samples.issued;
  if (!(share > L.cancelledShare)) return undefined;
  return degraded(
    `${percentText(share)} of the samples were cancelled by the run; they are the slowest, so high percentiles are too low:` +
      ' give --drain-timeout more time',
  );
}

function judgeCancelledByPlan({ samples }: VerdictFacts): Judgement {
  const { cancelledByPlan, issued } = samples;
  if (cancelledByPlan === 0) return undefined;
  return note(
    `${countText(cancelledByPlan)} of ${countedText(issued, 'sample')} were cancelled by plan (--cancel): they have no latency and no TPOT, ` +
      'and since slow responses are cancelled more often, high percentiles of both are lower than without',
  );
}

function judgeNotSent({ samples: { issued, notSent }, maxInFlight = null }: VerdictFacts): Judgement {
  const due = issued + notSent;
  if (notSent === 0 || notSent / due <= L.notSentShare) return undefined;
  const [why, flag] =
    maxInFlight === null
      ? ['--max-connections was reached', '--max-connections']
      : [`${countText(maxInFlight)} others were in flight`, '--max-in-flight'];
  return degraded(
    `${countText(notSent)} of ${countText(due)} requests that were due were not sent, because ${why}: ` +
      `they had waited longest and are in no percentile; raise ${flag}, lower the rate or give --drain-timeout more time`,
  );
}

function judgeRetries({ samples, retries = null }: VerdictFacts): Judgement {
  if (retries === null || retries.succeeded === 0) return undefined;
  return note(
    `${countText(retries.succeeded)} of ${countText(samples.succeeded)} successes needed a retry (--retry): without it they would have failed. ` +
      'Their TTFT and latency count from the first attempt, with the waits in between',
  );
}

function judgeFailuresInLatency({ samples }: VerdictFacts): Judgement {
  const { errored, cancelled, succeeded, unaccounted } = samples;
  if (unaccounted === null || succeeded === 0 || errored + cancelled === 0) return undefined;
  return note(
    errored === 0
      ? 'latency counts cancelled samples too; response latency and QPS do not'
      : 'latency and QPS count failed samples too, as the reference does; response latency does not',
  );
}

/** Of so few samples that p99 is one of the highest two, this one still has values beyond it. */
const HIGHEST_SURE_PERCENTILE = 90;

/** Only who claims a high percentile needs the samples for it. */
function judgePercentileSupport({ latencyCount, claimedPercentile = null }: VerdictFacts): Judgement {
  if (latencyCount === 0) return undefined;
  const supported = [99.9, 99, 95, 90, 50].find(
    (p) => latencyCount * (1 - p / 100) >= L.valuesBeyondPercentile - 1e-9,
  );
  if (supported === 99.9) return undefined;
  const limit = supported === undefined ? 'percentiles' : `percentiles above p${supported}`;
  const isTooFew = latencyCount < L.fewestSamples;
  return {
    level:
      isTooFew && claimedPercentile !== null && claimedPercentile > HIGHEST_SURE_PERCENTILE
        ? 'degraded'
        : 'note',
    message:
      `${countedText(latencyCount, 'sample')}: ${limit} rest on fewer than ${L.valuesBeyondPercentile} values` +
      (isTooFew
        ? `, and p99 ${isMaximum(latencyCount) ? 'is the maximum' : 'rests on the highest two'}: give the run more --samples`
        : ''),
  };
}

/** Whether the 99th percentile of so many values is the highest of them. */
function isMaximum(count: number): boolean {
  return quantilePlace(count, 99).lower === count - 1;
}
