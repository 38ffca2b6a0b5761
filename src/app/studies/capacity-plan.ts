import { parseDurationMs } from '../../config/units.ts';
import { countedText, countText, settingText } from '../../core/quantity-text.ts';
import { parseSlo } from '../../rules/slo.ts';
import { capacityText, loadUnit } from '../../studies/capacity-text.ts';
import { CapacitySearch, type Probe, type ProbeOutcome } from '../../studies/capacity-search.ts';
import type { Cell, Combination } from '../../studies/designs.ts';
import { type Factor, parseSearchRange } from '../../studies/factor.ts';
import { limitingCauseText } from '../../studies/limiting-cause.ts';
import type { CellResult } from '../../studies/study-result.ts';
import type { RunFlags } from './run-flags.ts';
import type { NextStep, StudyPlan } from './study-plan.ts';
import type { CapacityQuestion } from './study-question.ts';

const LOADS: readonly string[] = ['rate', 'concurrency'];
/** A probe of a quarter of it, and the six seconds in which a backlog shows in one of full length. */
const SHORTEST_PROBE = '8s';
/** Of a probe's own length, before what is judged: meanwhile the queue grows to the length that the load gives it. */
const BUILD_UP = 0.25;
/** Of what is measured: a warm-up comes before it. */
const JUDGED_PART = `${(100 * BUILD_UP) / (1 + BUILD_UP)}%..100%`;
/** With fewer, the percentile of a probe varies so much that half of the probes keep a limit that the load does not. */
const FEWEST_BEYOND = 30;
/** Of `run`. */
const DEFAULT_SEED = '42';
/** A server that fails requests does not carry them. */
const ERROR_LIMIT = 'errors < 1%';

type Refuse = (place: keyof CapacityQuestion, what: string) => Error;

/** The search for the highest load that keeps the SLOs of `flags`. Throws what `refuse` makes. */
export function capacityPlan(question: CapacityQuestion, flags: RunFlags, refuse: Refuse): StudyPlan {
  const { over, probe_duration: longest } = question;
  const range = parseSearchRange(over);
  if (typeof range === 'string')
    throw refuse('over', `must be NAME=LOW..HIGH, such as rate=1..500 (got "${over}": ${range})`);
  const { name } = range;
  if (!LOADS.includes(name)) throw refuse('over', `must be of rate or concurrency (got "${over}")`);
  const isWhole = name === 'concurrency';
  if (isWhole && !(Number.isInteger(range.low) && Number.isInteger(range.high)))
    throw refuse('over', `must be whole numbers for concurrency (got "${over}")`);
  const longestMs = parseDurationMs(longest) ?? 0;
  if (longestMs < parseDurationMs(SHORTEST_PROBE)!)
    throw refuse('probe_duration', `must be at least ${SHORTEST_PROBE} (got "${longest}")`);
  for (const flag of [
    '--rate',
    '--concurrency',
    '--stages',
    '--duration',
    '--samples',
    '--replay',
    '--pattern',
  ])
    if (flags[flag] !== undefined && !(flag === '--pattern' && name === 'rate'))
      throw refuse('over', `and ${flag} contradict each other: the search sets the load and the duration`);
  const slos = flags['--slo'] ?? [];
  if (slos.length === 0) throw refuse('run', "needs at least one --slo, e.g. --slo 'ttft p99 < 500ms'");
  const hasErrors = slos.some((text) => {
    const slo = parseSlo(text);
    return typeof slo !== 'string' && slo.figure.kind === 'error_share';
  });
  const all = hasErrors ? slos : [...slos, ERROR_LIMIT];
  return new CapacityPlan(range, isWhole, longestMs, { ...flags, '--slo': all }, all);
}

interface Range {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** What a search has come to. */
interface Played {
  readonly search: CapacitySearch;
  /** Those that were run, and the next one. */
  readonly probes: readonly { readonly probe: Probe; readonly cell: Cell }[];
  /** The next one has no outcome yet; undefined when the search is over, or cannot go on. */
  readonly next: Cell | undefined;
}

class CapacityPlan implements StudyPlan {
  readonly gpus = undefined;
  readonly #range: Range;
  readonly #isWhole: boolean;
  readonly #longestMs: number;
  readonly #flags: RunFlags;
  readonly #slos: readonly string[];
  /** By cell: how long each is follows from the search alone. */
  readonly #durations = new Map<string, number>();

  constructor(range: Range, isWhole: boolean, longestMs: number, flags: RunFlags, slos: readonly string[]) {
    this.#range = range;
    this.#isWhole = isWhole;
    this.#longestMs = longestMs;
    this.#flags = flags;
    this.#slos = slos;
  }

  factors(results: ReadonlyMap<string, CellResult>): readonly Factor[] {
    return [{ name: this.#range.name, values: this.combinations(results).map(([load]) => load!) }];
  }

  cells(results: ReadonlyMap<string, CellResult>): readonly Cell[] {
    return this.#play(results).probes.map(({ cell }) => cell);
  }

  next(results: ReadonlyMap<string, CellResult>): NextStep | undefined {
    const { next } = this.#play(results);
    return next && { kind: 'run', cell: next };
  }

  combinations(results: ReadonlyMap<string, CellResult>): readonly Combination[] {
    const loads = new Set(this.#play(results).probes.map(({ probe }) => probe.load));
    return [...loads].toSorted((a, b) => a - b).map((load) => [String(load)]);
  }

  flagsOf({ id, values }: Cell): RunFlags {
    return {
      ...this.#flags,
      [`--${this.#range.name}`]: values,
      // Arrivals and rows of its own: the same ones again would say the same again.
      '--seed': [String(Number(this.#flags['--seed']?.at(-1) ?? DEFAULT_SEED) + Number.parseInt(id, 10))],
      '--duration': [`${this.#lengthMs(id)}ms`],
      '--steady-state': this.#flags['--steady-state'] ?? [JUDGED_PART],
    };
  }

  textOf({ id, values }: Cell): string {
    const seconds = this.#lengthMs(id) / 1000;
    return `${this.#range.name} ${values[0]!} for ${seconds} s`;
  }

  /** What is judged of a probe, and the time before it. */
  #lengthMs(id: string): number {
    return Math.round((1 + BUILD_UP) * (this.#durations.get(id) ?? this.#longestMs));
  }

  conclusions(results: readonly CellResult[]): readonly string[] {
    const { search, probes } = this.#play(new Map(results.map((result) => [result.cell.id, result])));
    const done = results.filter(({ state }) => state === 'done');
    const invalid = done.filter(({ verdict }) => verdict === 'invalid').length;
    const growing = done.filter(({ backlogGrows }) => backlogGrows === true).length;
    const full = probes.filter(
      ({ probe, cell }) => probe.share === 1 && done.some((one) => one.cell.id === cell.id),
    ).length;
    const isFull = ({ cell: { id } }: CellResult) => this.#durations.get(id) === this.#longestMs;
    const limit = limitingCauseText(
      results,
      (load) => `${settingText(load)} ${loadUnit(load, this.#isWhole)}`,
    );
    const few = fewBeyondText(done.filter(isFull), this.#slos, this.#longestMs / 1000);
    return [
      ...capacityText(search.capacity, { ...this.#range, isWhole: this.#isWhole }, this.#slos),
      ...(limit === undefined ? [] : [limit]),
      `${countedText(done.length, 'probe')}, ${full} of them of the full ${this.#longestMs / 1000} s.`,
      ...few,
      ...(growing === 0
        ? []
        : [
            `In ${countedText(growing, 'probe')} the requests in flight kept growing; these count as missed, whatever their SLOs say.`,
          ]),
      ...(invalid === 0
        ? []
        : [
            `In ${countedText(invalid, 'probe')} the client was not good enough for its numbers to be trusted (verdict invalid): see the reports of the runs.`,
          ]),
    ];
  }

  #play(results: ReadonlyMap<string, CellResult>): Played {
    const { low, high, name } = this.#range;
    const search = new CapacitySearch({ low, high, isWhole: this.#isWhole });
    const probes: { probe: Probe; cell: Cell }[] = [];
    for (;;) {
      const probe = search.next();
      if (probe === undefined) return { search, probes, next: undefined };
      const ms = this.#longestMs * probe.share;
      const number = String(probes.length + 1).padStart(2, '0');
      const cell = {
        id: `${number}-${name}-${probe.load}-${ms / 1000}s`,
        values: [String(probe.load)],
        repeat: 1,
      };
      this.#durations.set(cell.id, ms);
      probes.push({ probe, cell });
      const result = results.get(cell.id);
      if (result?.state === 'done') search.record(probe, outcomeOf(result));
      // Without its outcome the search can't go on.
      else return { search, probes, next: result?.state === 'failed' ? undefined : cell };
    }
  }
}

/** Short probes see too little of the tail: says so, and how long they would have to be. */
function fewBeyondText(
  full: readonly CellResult[],
  slos: readonly string[],
  seconds: number,
): readonly string[] {
  const percentiles = slos.flatMap((text) => {
    const slo = parseSlo(text);
    return typeof slo !== 'string' && slo.figure.kind === 'percentile' ? [slo.figure.percentile] : [];
  });
  const rates = full.flatMap(({ figures }) => figures.requests_per_second?.value ?? []);
  const beyond = Math.max(0, ...rates) * seconds * (1 - Math.max(0, ...percentiles) / 100);
  if (percentiles.length === 0 || rates.length === 0 || beyond >= FEWEST_BEYOND) return [];
  const wanted = Math.ceil((seconds * FEWEST_BEYOND) / beyond / 10) * 10;
  return [
    `A full probe had about ${countText(Math.round(beyond))} requests beyond p${Math.max(...percentiles)}. With fewer than ${FEWEST_BEYOND} the capacity may come out a few percent too high: use --probe-duration ${wanted}s.`,
  ];
}

function outcomeOf({ slos, backlogGrows }: CellResult): ProbeOutcome {
  if (backlogGrows === true) return { verdict: 'missed', holds: false };
  const isMissed = slos.some(({ outcome }) => outcome === 'missed');
  const isMet = slos.length > 0 && slos.every(({ outcome }) => outcome === 'met');
  return {
    verdict: isMissed ? 'missed' : isMet ? 'met' : 'undecided',
    holds: !isMissed && slos.length > 0 && slos.every(({ holds }) => holds === true),
  };
}
