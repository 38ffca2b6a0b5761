/**
 * Runs the scenarios for real: a scripted HTTP endpoint, a worker pool with one thread, a session. Where a run over HTTP must or
 * should differ from the reference, a rule below says what is expected instead:
 *
 * - ISSUED names the dataset row, which stands for the prompt.
 * - Each answer comes on the connection of its request and ends once: what the script says of unknown ids (`ghost`), or after the end of
 *   an answer, can't happen. Which chunk is the first is seen, not told.
 * - Every sample ends with COMPLETE, also one of a warm-up (untracked) and a failed one.
 * - Every phase is drained, also a warm-up; what is held beyond the drain time-out ends as ERROR `cancelled`, COMPLETE.
 * - A closed transport is the failure of its request; the run goes on.
 * - A stop drains: what was in flight, and the requests that took the place of those answered, are answered too.
 * - Accuracy phases are untracked phases in sequential order.
 * - There are no callbacks: the COMPLETE events say the same. Nor is there a flush: a session event is a frame of its own.
 *
 * Samples are known by their issue number. Their order in a phase is compared where it is determined: one at a time.
 */
import { createSampleOrder } from '../../src/plan/sample-order.ts';
import type { ArrivalSettings, PhasePlan } from '../../src/plan/plan.ts';
import type { SessionOutcome } from '../../src/session/session.ts';
import type { SeenEvent } from '../engine/harness.ts';
import {
  type GoldenEvent,
  type GoldenPhase,
  goldenDifferences,
  isAnswered,
  issuesOf,
  MAX_CONNECTIONS,
  type Scenario,
  slotsOf,
  stepsOf,
  wantedEvents,
  type WantedPhase,
  wantedPhases,
  wantedResults,
} from '../session/golden-trace.ts';
import { numberedRows, ScriptedEndpoint } from '../session/scripted-endpoint.ts';
import { phaseOf, SessionRun } from '../session/session-run.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleSuite } from './suite.ts';

export const suite: OracleSuite = {
  name: 'session_traces',
  cases: () =>
    readOracle<{ scenarios: readonly Scenario[] }>('session_traces.json').scenarios.map((scenario) => ({
      name: scenario.name,
      run: () => runScenario(scenario),
    })),
};

/** The seed of the golden orders. */
const ORDER_SEED = 42;
/** What is still held by then is held for ever; all else was answered at once. */
const DRAIN_TIMEOUT_MS = 1000;
/** Without a held answer the drain ends by itself. */
const PATIENT_DRAIN_MS = 15_000;
const SCENARIO_TIMEOUT_MS = 30_000;

async function runScenario(scenario: Scenario): Promise<readonly string[]> {
  const wanted = wantedPhases(scenario);
  const found = await play(scenario, wanted);
  return [
    ...goldenDifferences(scenario, wanted),
    ...differences(wantedEvents(scenario, wanted), inComparableOrder(found.events, wanted), 0, 'events'),
    ...differences(wantedResults(scenario, wanted), resultsOf(scenario, wanted, found), 0, 'results'),
    ...differences(undefined, found.outcome.failure, 0, 'failure'),
  ];
}

// The run.

interface Played {
  readonly events: readonly SeenEvent[];
  readonly outcome: SessionOutcome;
}

async function play(scenario: Scenario, wanted: readonly WantedPhase[]): Promise<Played> {
  const plans = scenario.phases.map(planOf);
  const stopAfter = scenario.stop_after_completions ?? Infinity;
  const isCounted = completionCounter(wanted);
  const isHeld = wanted.some((phase) => issuesOf(phase).some((issue) => !isAnswered(scenario, phase, issue)));
  const answered = new Set<number>();
  let completed = 0;
  const endpoint = await ScriptedEndpoint.start({
    stepsOf: (issue) => stepsOf(scenario, issue),
    issueOf: issueNumbers(plans),
    releaseAfter: scenario.release_held_after_issue ?? [],
    onAnswered: (issue) => {
      if (!isCounted(issue)) return;
      answered.add(issue);
      if (answered.size === stopAfter) endpoint.pause();
    },
  });
  const run = await SessionRun.start({
    url: endpoint.url,
    rows: numberedRows(Math.max(...scenario.phases.map(({ dataset }) => dataset))),
    phases: plans,
    maxConnections: MAX_CONNECTIONS,
    drainTimeoutMs: isHeld ? DRAIN_TIMEOUT_MS : PATIENT_DRAIN_MS,
    onEvents: (events, run) => {
      const ended = events.filter(({ topic, seq }) => topic === 'sample.complete' && answered.has(seq));
      completed += ended.length;
      if (ended.length === 0 || completed < stopAfter) return;
      run.session.stop();
      void run.issuingDone.then(() => endpoint.resume());
    },
  });
  const timer = setTimeout(() => void run.close(), SCENARIO_TIMEOUT_MS);
  try {
    return { outcome: await run.run(), events: run.events };
  } finally {
    clearTimeout(timer);
    await run.close();
    await endpoint.close();
  }
}

/** Whether the end of a sample counts for the stop: those of a warm-up do not. */
function completionCounter(wanted: readonly WantedPhase[]): (issue: number) => boolean {
  const counted = new Set(wanted.filter(({ golden }) => golden.type !== 'warmup').flatMap(issuesOf));
  return (issue) => counted.has(issue);
}

/** Numbers requests as they were issued, whatever the order in which they arrive: by their rows. */
function issueNumbers(plans: readonly PhasePlan[]): (row: number) => number {
  const rows = plans.flatMap(({ order, stop }) => {
    const rowsOfPhase = createSampleOrder(order);
    return Array.from({ length: stop.maxSamples }, (_, i) => rowsOfPhase.rowOf(i));
  });
  const isTaken = new Set<number>();
  return (row) => {
    const issue = rows.findIndex((other, number) => other === row && !isTaken.has(number));
    isTaken.add(issue);
    return issue;
  };
}

function planOf(phase: GoldenPhase): PhasePlan {
  const { name, type, dataset: datasetSize, samples: maxSamples } = phase;
  return phaseOf({
    ...{ name, maxSamples },
    kind: type === 'performance' ? 'performance' : 'warmup',
    arrivals: arrivalsOf(phase),
    order: {
      order: type === 'accuracy' ? 'sequential' : 'without_replacement',
      ...{ datasetSize, seed: ORDER_SEED },
    },
  });
}

function arrivalsOf({ pattern = 'concurrency', concurrency }: GoldenPhase): ArrivalSettings {
  switch (pattern) {
    case 'concurrency':
      return { pattern, concurrency };
    case 'max_throughput':
      return { pattern: 'burst' };
    case 'poisson':
      return { pattern, ratePerSecond: 500, seed: ORDER_SEED };
    default:
      throw new Error(`unknown pattern ${pattern}`);
  }
}

// The run in golden terms.

/** The events of a phase by sample where more than one sample is in flight; all else as it came. */
function inComparableOrder(
  events: readonly SeenEvent[],
  wanted: readonly WantedPhase[],
): readonly GoldenEvent[] {
  const ordered: GoldenEvent[] = [];
  let concurrent: GoldenEvent[] = [];
  const flush = () => {
    ordered.push(...concurrent.sort(([, a], [, b]) => (a as number) - (b as number)));
    concurrent = [];
  };
  let lastPhase: WantedPhase | undefined;
  for (const event of events) {
    const phase = wanted.find(
      ({ firstIssue, issued }) => event.seq >= firstIssue && event.seq < firstIssue + issued,
    );
    if (phase !== lastPhase) flush();
    lastPhase = phase;
    const isConcurrent = phase !== undefined && slotsOf(phase.golden) > 1;
    (isConcurrent ? concurrent : ordered).push(goldenEvent(event));
  }
  flush();
  return ordered;
}

function goldenEvent({ topic, seq, output, error, extras, finishReason }: SeenEvent): GoldenEvent {
  if (topic.startsWith('session.')) return [topic, null, null, null];
  const isRow = topic === 'sample.issued' && Number.isInteger(extras[1]);
  const payload =
    output !== undefined
      ? 'TextModelOutput'
      : error !== undefined
        ? 'ErrorData'
        : isRow
          ? 'PromptData'
          : null;
  return [topic, seq, payload, finishReason ?? null];
}

/** Phase results, with the rows of as many samples as the golden run issued. */
function resultsOf(scenario: Scenario, wanted: readonly WantedPhase[], { events, outcome }: Played) {
  const rows = new Map(
    events.flatMap(({ topic, seq, extras }) => (topic === 'sample.issued' ? [[seq, extras[1]!]] : [])),
  );
  return outcome.phases
    .map(({ name, sent: issued }, position) => ({ name, issued, wanted: wanted[position] }))
    .filter((result) => result.wanted?.golden.type !== 'warmup')
    .map(({ name, issued, wanted: phase }, position) => ({
      ...{ name, issued, type: phase?.golden.type },
      sample_indices: (scenario.expected.phase_results[position]?.sample_indices ?? []).map((_, i) =>
        rows.get((phase?.firstIssue ?? NaN) + i),
      ),
    }));
}
