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
import { numberedRows, ScriptedEndpoint, type Step } from '../session/scripted-endpoint.ts';
import { phaseOf, SessionRun } from '../session/session-run.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleSuite } from './suite.ts';

type GoldenEvent = readonly [
  topic: string,
  issue: number | string | null,
  payload: string | null,
  finishReason: string | null,
];

interface GoldenPhase {
  readonly name: string;
  readonly type: 'warmup' | 'performance' | 'accuracy';
  readonly dataset: number;
  readonly samples: number;
  readonly concurrency: number;
  readonly pattern?: string;
}

interface GoldenResult {
  readonly name: string;
  readonly type: string;
  readonly issued: number;
  readonly sample_indices: readonly number[];
}

interface Scenario {
  readonly name: string;
  readonly default: readonly Step[];
  readonly answers?: Readonly<Record<string, readonly Step[]>>;
  readonly release_held_after_issue?: readonly number[];
  readonly stop_after_completions?: number;
  readonly phases: readonly GoldenPhase[];
  readonly expected: {
    readonly events: readonly GoldenEvent[];
    readonly phase_results: readonly GoldenResult[];
  };
}

/** A phase as we must run it. */
interface WantedPhase {
  readonly golden: GoldenPhase;
  readonly firstIssue: number;
  readonly issued: number;
}

export const suite: OracleSuite = {
  name: 'session_traces',
  cases: () =>
    readOracle<{ scenarios: readonly Scenario[] }>('session_traces.json').scenarios.map((scenario) => ({
      name: scenario.name,
      run: () => runScenario(scenario),
    })),
};

const MAX_CONNECTIONS = 64;
/** The seed of the golden orders. */
const ORDER_SEED = 42;
/** What is still held by then is held for ever; all else was answered at once. */
const DRAIN_TIMEOUT_MS = 400;
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
  ];
}

// What the script of a sample makes of it.

function stepsOf({ answers, default: byDefault }: Scenario, issue: number): readonly Step[] {
  return answers?.[issue] ?? byDefault;
}

/** The steps up to the end of the answer, which is left out when it never comes. */
function answerOf(scenario: Scenario, issue: number, isReleased: boolean) {
  const steps = [...stepsOf(scenario, issue)];
  const holdAt = steps.indexOf('hold');
  if (holdAt >= 0) {
    if (!isReleased) steps.length = holdAt;
    else if (holdAt === steps.length - 1) steps.push('ok');
  }
  const endAt = steps.findIndex((step) => step === 'ok' || step === 'err' || step === 'close');
  return {
    chunkCount: steps
      .slice(0, endAt < 0 ? steps.length : endAt)
      .filter((step) => step === 'first' || step === 'next').length,
    end: steps[endAt],
  };
}

function eventsOfAnswer(scenario: Scenario, issue: number, isReleased: boolean): readonly GoldenEvent[] {
  const { chunkCount, end } = answerOf(scenario, issue, isReleased);
  const chunks = Array.from({ length: chunkCount }, (_, i) => chunkEvent(issue, i));
  const issued: GoldenEvent = ['sample.issued', issue, 'PromptData', null];
  if (end === 'ok') return [issued, ...chunks, ['sample.complete', issue, 'TextModelOutput', 'stop']];
  return [
    issued,
    ...chunks,
    ['error.generic', issue, 'ErrorData', null],
    ['sample.complete', issue, null, null],
  ];
}

function chunkEvent(issue: number, position: number): GoldenEvent {
  return [position === 0 ? 'sample.recv_first' : 'sample.recv_non_first', issue, null, null];
}

// What the rules make of a scenario.

function wantedPhases(scenario: Scenario): readonly WantedPhase[] {
  const wanted: WantedPhase[] = [];
  let firstIssue = 0;
  let completionsLeft = scenario.stop_after_completions ?? Infinity;
  for (const golden of scenario.phases) {
    const phase = { golden, firstIssue, issued: golden.samples };
    const completions = issuesOf(phase).filter((issue) => isAnswered(scenario, phase, issue)).length;
    const isStopped = golden.type !== 'warmup' && completions >= completionsLeft;
    const issued = isStopped ? Math.min(golden.samples, completionsLeft + slotsOf(golden)) : golden.samples;
    wanted.push({ golden, firstIssue, issued });
    if (isStopped) break;
    if (golden.type !== 'warmup') completionsLeft -= completions;
    firstIssue += issued;
  }
  return wanted;
}

function slotsOf({ pattern, concurrency }: GoldenPhase): number {
  return pattern === undefined ? concurrency : MAX_CONNECTIONS;
}

function issuesOf({ firstIssue, issued }: Omit<WantedPhase, 'golden'>): readonly number[] {
  return Array.from({ length: issued }, (_, i) => firstIssue + i);
}

/** Held answers are released by an issue of their own phase or never, as each phase is drained. */
function isReleased(
  { release_held_after_issue: releases = [] }: Scenario,
  phase: WantedPhase,
  issue: number,
) {
  return releases.some((release) => release > issue && release < phase.firstIssue + phase.issued);
}

function isAnswered(scenario: Scenario, phase: WantedPhase, issue: number): boolean {
  return answerOf(scenario, issue, isReleased(scenario, phase, issue)).end !== undefined;
}

function wantedEvents(scenario: Scenario, wanted: readonly WantedPhase[]): readonly GoldenEvent[] {
  return [
    sessionEvent('session.started'),
    ...wanted.flatMap((phase) =>
      bracketed(
        phase.golden,
        issuesOf(phase).flatMap((issue) =>
          eventsOfAnswer(scenario, issue, isReleased(scenario, phase, issue)),
        ),
      ),
    ),
    sessionEvent('session.ended'),
  ];
}

function bracketed({ type }: GoldenPhase, events: readonly GoldenEvent[]): readonly GoldenEvent[] {
  if (type !== 'performance') return events;
  return [
    sessionEvent('session.start_performance_tracking'),
    ...events,
    sessionEvent('session.stop_performance_tracking'),
  ];
}

function sessionEvent(topic: string): GoldenEvent {
  return [topic, null, null, null];
}

function wantedResults({ expected }: Scenario, wanted: readonly WantedPhase[]) {
  return wanted
    .filter(({ golden }) => golden.type !== 'warmup')
    .map(({ golden: { name, type }, issued }, position) => ({
      ...{ name, type, issued },
      sample_indices: expected.phase_results[position]?.sample_indices ?? [],
    }));
}

// Whether the golden run is the wanted one but for the rules.

function goldenDifferences(scenario: Scenario, wanted: readonly WantedPhase[]): readonly string[] {
  const { events, phase_results: results } = scenario.expected;
  const samples = Map.groupBy(
    events.filter(([, issue]) => typeof issue === 'number'),
    ([, issue]) => issue as number,
  );
  const isClosed = [...samples.keys()].some((issue) => stepsOf(scenario, issue).includes('close'));
  const isStopped = scenario.stop_after_completions !== undefined;
  const lines = [...samples].flatMap(([issue, found]) => {
    const { chunkCount } = answerOf(scenario, issue, true);
    const whole = eventsOfAnswer(scenario, issue, true);
    const comparable = comparableGolden(found, chunkCount);
    return differences(whole.slice(0, comparable.length), comparable, 0, `golden sample ${issue}`);
  });
  if (!isClosed && !isStopped) {
    const issued = wanted.reduce((sum, phase) => sum + phase.issued, 0);
    lines.push(...differences(issued, samples.size, 0, 'golden issued'));
  }
  if (!isClosed)
    lines.push(...differences(wantedResults(scenario, wanted).length, results.length, 0, 'golden results'));
  return [...lines, ...bracketDifferences(events, wanted, isClosed)];
}

/** Chunks numbered as seen, nothing after the end of the answer. */
function comparableGolden(events: readonly GoldenEvent[], chunkCount: number): readonly GoldenEvent[] {
  let chunks = 0;
  const renumbered = events.flatMap((event) => {
    if (!event[0].startsWith('sample.recv')) return [event];
    return chunks < chunkCount ? [chunkEvent(event[1] as number, chunks++)] : [];
  });
  const endAt = renumbered.findIndex(([topic]) => topic === 'sample.complete');
  return endAt < 0 ? renumbered : renumbered.slice(0, endAt + 1);
}

/** Session events, and the samples issued between them, are those of the golden run up to where it was cut. */
function bracketDifferences(
  events: readonly GoldenEvent[],
  wanted: readonly WantedPhase[],
  isClosed: boolean,
): readonly string[] {
  const golden = bracketsOf(events.filter(([topic]) => topic !== 'session.ended'));
  const ours = bracketsOf([
    sessionEvent('session.started'),
    ...wanted.flatMap((phase) =>
      bracketed(
        phase.golden,
        issuesOf(phase).map((issue): GoldenEvent => ['sample.issued', issue, null, null]),
      ),
    ),
  ]);
  const comparable = isClosed ? ours.slice(0, golden.length) : ours;
  return [
    ...differences(events.at(-1)?.[0], 'session.ended', 0, 'golden end'),
    ...differences(
      comparable.map(({ topic, issues }, i) => ({
        topic,
        issues: issues.slice(0, golden[i]?.issues.length),
      })),
      golden,
      0,
      'golden brackets',
    ),
  ];
}

/** Each session event with the samples issued before the next. */
function bracketsOf(events: readonly GoldenEvent[]) {
  const brackets: { topic: string; issues: number[] }[] = [];
  for (const [topic, issue] of events) {
    if (topic.startsWith('session.')) brackets.push({ topic, issues: [] });
    else if (topic === 'sample.issued') brackets.at(-1)!.issues.push(issue as number);
  }
  return brackets;
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

function arrivalsOf({ pattern, concurrency }: GoldenPhase): ArrivalSettings {
  if (pattern === undefined) return { pattern: 'concurrency', concurrency };
  if (pattern === 'max_throughput') return { pattern: 'burst' };
  throw new Error(`unknown pattern ${pattern}`);
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
    .map(({ name, issued }, position) => ({ name, issued, wanted: wanted[position] }))
    .filter((result) => result.wanted?.golden.type !== 'warmup')
    .map(({ name, issued, wanted: phase }, position) => ({
      ...{ name, issued, type: phase?.golden.type },
      sample_indices: (scenario.expected.phase_results[position]?.sample_indices ?? []).map((_, i) =>
        rows.get((phase?.firstIssue ?? NaN) + i),
      ),
    }));
}
