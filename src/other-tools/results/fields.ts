import { jsonText } from '../../core/json-text.ts';

export type Fields = Readonly<Record<string, unknown>>;

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an object has all of some keys. */
export function hasKeys(value: unknown, ...keys: readonly string[]): value is Fields {
  return isFields(value) && keys.every((key) => key in value);
}

export function fieldsOf(value: unknown, where: string): Fields {
  if (!isFields(value)) throw wrong(where, 'an object', value);
  return value;
}

export function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(where, 'a list', value);
  return value as readonly unknown[];
}

export function numberOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(where, 'a number', value);
  return value;
}

export function numberIfAny(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function textIfAny(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A time of at least 0. */
export function secondsNs(value: unknown, where: string): number {
  return spanNs(numberOf(value, where), NS_PER_S, where);
}

export function millisecondsNs(value: unknown, where: string): number {
  return spanNs(numberOf(value, where), NS_PER_MS, where);
}

function spanNs(value: number, unitNs: number, where: string): number {
  if (value < 0) throw wrong(where, 'at least 0', value);
  return Math.round(value * unitNs);
}

function wrong(where: string, allowed: string, value: unknown): Error {
  const shown = value === undefined ? 'nothing' : jsonText(value).slice(0, 60);
  return new Error(`${where} must be ${allowed} (got ${shown})`);
}

/** Times when chunks came, from the first and the gaps behind it. */
export function chunkTimes(firstNs: number, gapsNs: readonly number[]): readonly number[] {
  const times = [firstNs];
  for (const gap of gapsNs) times.push(times.at(-1)! + gap);
  return times;
}

export function isoOfSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Figures in words, of those that are there. */
export function figuresOf(
  figures: readonly (readonly [name: string, value: unknown, unit: string])[],
): readonly (readonly [string, string])[] {
  return figures.flatMap(([name, value, unit]) => {
    const number = numberIfAny(value);
    if (number === undefined) return [];
    return [[name, `${Number(number.toPrecision(6))}${unit === '' ? '' : ` ${unit}`}`] as const];
  });
}
