import { RandomSource } from '../core/random.ts';
import { type Factor, factorNumber } from './factor.ts';

/** The value of each factor, in the order of the factors. */
export type Combination = readonly string[];

/** One run of a study. */
export interface Cell {
  /** Stable within the study, and the name of its folder: its place in the design and its repeat, such as `07-concurrency-64-2`. */
  readonly id: string;
  readonly values: Combination;
  /** From 1. */
  readonly repeat: number;
}

/** Every combination of the values; the last factor changes fastest. */
export function gridOf(factors: readonly Factor[]): readonly Combination[] {
  return factors.reduce<readonly Combination[]>(
    (combinations, { values }) =>
      combinations.flatMap((combination) => values.map((value) => [...combination, value])),
    [[]],
  );
}

/**
 * So many combinations in which the values of each factor come equally often, whatever the number of factors: each factor's range is cut
 * into as many strata as there are combinations, and each stratum is used once. Source: McKay, Beckman and Conover, Technometrics 21 (1979).
 */
export function latinHypercubeOf(
  factors: readonly Factor[],
  count: number,
  seed: number,
): readonly Combination[] {
  const random = new RandomSource(seed);
  const columns = factors.map(({ values }) => {
    const strata = Array.from({ length: count }, (_, i) => i);
    random.shuffle(strata);
    return strata.map((stratum) => values[Math.floor(((stratum + 0.5) / count) * values.length)]!);
  });
  return Array.from({ length: count }, (_, i) => columns.map((column) => column[i]!));
}

/**
 * The cells of a study in the order in which they run: each repeat is a block that holds every combination once, shuffled anew, so that a
 * drift of the server is not taken for an effect of a setting.
 */
export function shuffledCells(
  factors: readonly Factor[],
  combinations: readonly Combination[],
  repeats: number,
  seed: number,
): readonly Cell[] {
  const random = new RandomSource(seed);
  return Array.from({ length: repeats }, (_, block) => {
    const order = combinations.map((_, index) => index);
    random.shuffle(order);
    return order.map((index) => cellOf(factors, combinations, index, block + 1));
  }).flat();
}

/**
 * The cells of a study that raises its load until the server is saturated: combinations of the other factors shuffled, and for each of
 * them the loads from the lowest up, with all repeats of a load one after another.
 */
export function risingCells(
  factors: readonly Factor[],
  combinations: readonly Combination[],
  repeats: number,
  seed: number,
  loadIndex: number,
): readonly Cell[] {
  const groups = new Map<string, number[]>();
  combinations.forEach((combination, index) => {
    const key = groupKey(combination, loadIndex);
    groups.set(key, [...(groups.get(key) ?? []), index]);
  });
  const keys = [...groups.keys()];
  const order = keys.map((_, index) => index);
  new RandomSource(seed).shuffle(order);
  const loadOf = (index: number) => factorNumber(combinations[index]![loadIndex]!);
  return order.flatMap((group) =>
    groups
      .get(keys[group]!)!
      .toSorted((a, b) => loadOf(a) - loadOf(b))
      .flatMap((index) =>
        Array.from({ length: repeats }, (_, i) => cellOf(factors, combinations, index, i + 1)),
      ),
  );
}

/** What combinations have in common that differ in their load alone. */
export function groupKey(combination: Combination, loadIndex: number): string {
  return JSON.stringify(combination.filter((_, index) => index !== loadIndex));
}

/** `concurrency 64, input 512`. */
export function combinationText(factors: readonly Factor[], values: Combination): string {
  return factors.map(({ name }, i) => `${name} ${values[i]!}`).join(', ');
}

function cellOf(
  factors: readonly Factor[],
  combinations: readonly Combination[],
  index: number,
  repeat: number,
): Cell {
  const values = combinations[index]!;
  return { id: cellId(index, combinations.length, factors, values, repeat), values, repeat };
}

const LONGEST_SLUG = 60;

function cellId(
  index: number,
  count: number,
  factors: readonly Factor[],
  values: Combination,
  repeat: number,
): string {
  if (factors.length === 0) return `run-${String(repeat).padStart(2, '0')}`;
  const number = String(index + 1).padStart(String(count).length, '0');
  const slug = combinationText(factors, values)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .slice(0, LONGEST_SLUG)
    .replace(/[-.]+$/, '');
  return [number, slug, String(repeat)].filter((part) => part !== '').join('-');
}
