import { countedText, countText } from '../../core/quantity-text.ts';
import { MAX_RUN_SAMPLES } from '../../plan/sample-limit.ts';
import { MAX_TICKETS } from '../../plan/tickets.ts';
import { type Check, check, degraded, invalid, type Judgement } from './check.ts';
import type { VerdictFacts } from './facts.ts';

/** Whether the report tells the whole run. */
export const COMPLETENESS_CHECKS: readonly Check[] = [
  check('samples_measured', '', 'no sample was issued', judgeMeasured),
  check('samples_conserved', '', 'issued ≠ succeeded + errored + cancelled + in flight', judgeConservation),
  check('samples_missing', '', 'the engine counted other samples than the metrics hold', judgeMissing),
  check('sample_limit', 'a phase ran out of numbers for its samples', '', judgeSampleLimit),
  check('frames_lost', '', 'an event frame is neither in the stream nor in the run log', judgeLostFrames),
  check('run_log_corrupt', '', 'the run log is corrupt before its end', judgeCorruptLog),
  check('run_log_malformed', '', 'a frame of the run log cannot be what was recorded', judgeMalformedLog),
  check('run_log_torn', 'the run log ends inside a frame', '', judgeTornLog),
  check('run_interrupted', 'the metrics are not from the end of the run', '', judgeState),
  check('stopped_early', 'the run was stopped before its plan was done', '', judgeStop),
  check('samples_in_flight', 'a sample of a complete run never ended', '', judgeInFlight),
  check('token_counts_pending', 'token counts were pending at the end', '', judgePending),
];

function judgeMeasured({ samples }: VerdictFacts): Judgement {
  if (samples.issued > 0) return undefined;
  return invalid('no sample was measured: the run ended before its performance phase issued one');
}

function judgeConservation({ samples }: VerdictFacts): Judgement {
  const { issued, succeeded, errored, cancelled, inFlight, unaccounted } = samples;
  if (unaccounted === null || unaccounted === 0) return undefined;
  return invalid(
    `samples don't add up: ${countText(issued)} issued, but ${countText(succeeded)} succeeded + ${countText(errored)} errored` +
      ` + ${countText(cancelled)} cancelled + ${countText(inFlight)} in flight (${countText(unaccounted)} off);` +
      ' rebuild the report from the run log, and if it stays this is a bug of ours',
  );
}

function judgeMissing({ samples: { issued, notSent, missing } }: VerdictFacts): Judgement {
  if (missing === null || missing === 0) return undefined;
  const known = issued + notSent;
  const what =
    missing > 0
      ? `${countedText(missing, 'sample')} never arrived in the metrics`
      : `${countedText(-missing, 'sample')} ${missing === -1 ? 'is' : 'are'} in the metrics twice`;
  return invalid(
    `${what}: the engine counted ${countText(known + missing)}, and the metrics hold ${countText(known)}; repeat the run`,
  );
}

function judgeSampleLimit({ isSampleLimitReached }: VerdictFacts): Judgement {
  if (!isSampleLimitReached) return undefined;
  return degraded(
    `a phase ended early because it reached the sample limit (${countText(MAX_TICKETS)} in a phase, ${countText(MAX_RUN_SAMPLES)} in a run);` +
      ' split the load into several runs',
  );
}

function judgeLostFrames({ lostFrames }: VerdictFacts): Judgement {
  if (lostFrames === 0) return undefined;
  return invalid(
    `${countedText(lostFrames, 'event frame')} lost: neither the event stream nor the run log had them, so samples are missing or never end;` +
      ' look after the disk of the run directory, and repeat the run',
  );
}

function judgeCorruptLog(facts: VerdictFacts): Judgement {
  const { corruptBytes } = facts;
  if (corruptBytes === 0) return undefined;
  return invalid(
    `${recordOf(facts)} is corrupt: ${countedText(corruptBytes, 'byte')} could not be read, and what they told is missing; repeat the run`,
  );
}

function judgeMalformedLog(facts: VerdictFacts): Judgement {
  const { malformedFrames } = facts;
  if (malformedFrames === 0) return undefined;
  const part = isForeign(facts) ? 'line' : 'frame';
  return invalid(
    `${recordOf(facts)} is malformed: ${countedText(malformedFrames, part)} hold data that no run could have recorded, and their samples are missing; repeat the run`,
  );
}

function judgeTornLog(facts: VerdictFacts): Judgement {
  const { tornBytes } = facts;
  if (tornBytes === 0) return undefined;
  return degraded(
    `${recordOf(facts)} ends inside a ${isForeign(facts) ? 'line' : 'frame'} (${countedText(tornBytes, 'byte')}): its last events are missing`,
  );
}

/** What the events are in. */
function recordOf(facts: VerdictFacts): string {
  return isForeign(facts) ? 'events.jsonl' : 'the run log';
}

function isForeign({ loadGenerator = null }: VerdictFacts): boolean {
  return loadGenerator !== null;
}

function judgeState({ state }: VerdictFacts): Judgement {
  if (state === 'complete') return undefined;
  return degraded(
    state === 'interrupted'
      ? 'the run did not come to its end: numbers are partial and approximate'
      : `the last snapshot is from a run still ${state}: numbers are partial and approximate`,
  );
}

function judgeStop({ stoppedEarly, endReason = null }: VerdictFacts): Judgement {
  if (!stoppedEarly) return undefined;
  const why = endReason === null ? '' : `: ${endReason}`;
  return degraded(`the run was stopped before its plan was done${why}`);
}

function judgeInFlight({ state, samples }: VerdictFacts): Judgement {
  if (state !== 'complete' || samples.inFlight === 0) return undefined;
  return degraded(`${countedText(samples.inFlight, 'sample')} never ended: their latencies are missing`);
}

function judgePending({ pendingTaskCount }: VerdictFacts): Judgement {
  if (pendingTaskCount === 0) return undefined;
  return degraded(
    `${countedText(pendingTaskCount, 'token count')} still pending at the end: token lengths, TPOT and TPS lack them;` +
      ' give --token-drain-timeout more time, or rebuild the report from the run log',
  );
}
