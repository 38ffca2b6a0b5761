import { differences } from '../oracle-suites/compare.ts';
import type { Step } from './scripted-endpoint.ts';

export type GoldenEvent = readonly [
  topic: string,
  issue: number | string | null,
  payload: string | null,
  finishReason: string | null,
];

export interface GoldenPhase {
  readonly name: string;
  readonly type: 'warmup' | 'performance' | 'accuracy';
  readonly dataset: number;
  readonly samples: number;
  readonly concurrency: number;
  /** Absent: as many as `concurrency` at a time. */
  readonly pattern?: string;
  readonly drain_after?: boolean;
}

interface GoldenResult {
  readonly name: string;
  readonly type: string;
  readonly issued: number;
  readonly sample_indices: readonly number[];
}

export interface Scenario {
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
export interface WantedPhase {
  readonly golden: GoldenPhase;
  readonly firstIssue: number;
  readonly issued: number;
}

/** As many as a burst has in flight, and more than anything else has. */
export const MAX_CONNECTIONS = 64;

// What the script of a sample makes of it.

export function stepsOf({ answers, default: byDefault }: Scenario, issue: number): readonly Step[] {
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

/** What is run of a scenario: a phase that is stopped issues for each completion, and fills its slots. */
export function wantedPhases(scenario: Scenario): readonly WantedPhase[] {
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

/** Samples in flight at most. */
export function slotsOf({ pattern = 'concurrency', concurrency }: GoldenPhase): number {
  return pattern === 'concurrency' ? concurrency : MAX_CONNECTIONS;
}

export function issuesOf({ firstIssue, issued }: Omit<WantedPhase, 'golden'>): readonly number[] {
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

/** Whether the answer ends before the drain does. */
export function isAnswered(scenario: Scenario, phase: WantedPhase, issue: number): boolean {
  return answerOf(scenario, issue, isReleased(scenario, phase, issue)).end !== undefined;
}

/** All events, those of a phase one sample after another. */
export function wantedEvents(scenario: Scenario, wanted: readonly WantedPhase[]): readonly GoldenEvent[] {
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

/** The results of all phases but warm-ups, with the rows as far as the golden run knows them. */
export function wantedResults({ expected }: Scenario, wanted: readonly WantedPhase[]) {
  return wanted
    .filter(({ golden }) => golden.type !== 'warmup')
    .map(({ golden: { name, type }, issued }, position) => ({
      ...{ name, type, issued },
      sample_indices: expected.phase_results[position]?.sample_indices ?? [],
    }));
}

// Whether the golden run is the wanted one but for the rules.

/** What the rules do not explain. */
export function goldenDifferences(scenario: Scenario, wanted: readonly WantedPhase[]): readonly string[] {
  const { events } = scenario.expected;
  const samples = Map.groupBy(
    events.filter(([, issue]) => typeof issue === 'number'),
    ([, issue]) => issue as number,
  );
  const isClosed = [...samples.keys()].some((issue) => stepsOf(scenario, issue).includes('close'));
  const isCut = isClosed || scenario.stop_after_completions !== undefined;
  return [
    ...wanted.flatMap((phase) =>
      issuesOf(phase).flatMap((issue) =>
        sampleDifferences(scenario, phase, issue, samples.get(issue) ?? [], isCut),
      ),
    ),
    ...resultDifferences(scenario, wanted, samples, isClosed),
    ...bracketDifferences(events, wanted, isClosed),
  ];
}

/** A golden sample is what its script makes of it; it lacks its end, or is missing, only where a rule says so. */
function sampleDifferences(
  scenario: Scenario,
  phase: WantedPhase,
  issue: number,
  golden: readonly GoldenEvent[],
  isCut: boolean,
): readonly string[] {
  const whole = eventsOfAnswer(scenario, issue, true);
  const found = comparableGolden(golden, answerOf(scenario, issue, true).chunkCount);
  const { type, drain_after: isDrained = true } = phase.golden;
  const mayLackEnd = isCut || type === 'warmup' || !isDrained || !isAnswered(scenario, phase, issue);
  const leastEvents = mayLackEnd ? (isCut ? 0 : 1) : whole.length;
  const comparable = whole.slice(0, Math.max(found.length, leastEvents));
  return differences(comparable, found, 0, `golden sample ${issue}`);
}

/** The golden phases issued what they were to issue, or less when the run was cut. */
function resultDifferences(
  scenario: Scenario,
  wanted: readonly WantedPhase[],
  samples: ReadonlyMap<number, unknown>,
  isClosed: boolean,
): readonly string[] {
  const results = scenario.expected.phase_results;
  const phases = wanted.filter(({ golden }) => golden.type !== 'warmup');
  const comparable = isClosed ? phases.slice(0, results.length) : phases;
  const golden = results.map(({ name, type, issued }) => ({ name, type, issued }));
  const ours = comparable.map((phase) => ({
    name: phase.golden.name,
    type: phase.golden.type,
    issued: issuesOf(phase).filter((issue) => samples.has(issue)).length,
  }));
  return differences(ours, golden, 0, 'golden results');
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
