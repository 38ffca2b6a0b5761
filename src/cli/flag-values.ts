import { parseDecimal } from '../config/units.ts';
import { InferometerError } from '../core/errors.ts';
import type { NumberRange } from '../core/load-ranges.ts';

/** The error of a flag that was given something it does not take. */
export function flagError(flag: string, given: string, allowed: string): InferometerError {
  return new InferometerError('INFEROMETER_CLI_FLAG', 'input', `${flag} must be ${allowed} (got "${given}")`);
}

/** A whole number in a range. Throws `INFEROMETER_CLI_FLAG` (input). */
export function wholeNumberOf(flag: string, text: string, least: number, most: number): number {
  const value = parseDecimal(text);
  if (value !== undefined && Number.isInteger(value) && value >= least && value <= most) return value;
  throw flagError(flag, text, `a whole number from ${least} to ${most}`);
}

/** A number in a range. Throws `INFEROMETER_CLI_FLAG` (input). */
export function numberWithinOf(flag: string, text: string, { least, most, allowed }: NumberRange): number {
  const value = parseDecimal(text);
  if (value !== undefined && value >= least && value <= most) return value;
  throw flagError(flag, text, allowed);
}

/** One of some words. Throws `INFEROMETER_CLI_FLAG` (input). */
export function choiceOf<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw flagError(flag, text, `one of ${choices.join(', ')}`);
}

/** Whatever was given, unless it is empty text. Throws `INFEROMETER_CLI_FLAG` (input). */
export function givenText<T>(flag: string, given: T, allowed: string): T {
  if (given !== '') return given;
  throw flagError(flag, '', allowed);
}
