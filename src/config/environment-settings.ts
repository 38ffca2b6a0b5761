import { closestName } from '../core/closest-name.ts';
import type { InferometerError } from '../core/errors.ts';
import { type Setting, SETTINGS } from './flags.ts';
import { inputError } from './input-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'INFEROMETER_';
/** Variables that are no settings of a run. */
const OTHERS: ReadonlySet<string> = new Set([
  ...['INFEROMETER_CALIBRATION', 'INFEROMETER_PROFILE', 'INFEROMETER_VIEW_KEY', 'INFEROMETER_WEB_TOKEN'],
]);

/** An environment without the variables of other settings than these: what a command has no flag for, it does not take from there. */
export function environmentOf(environment: Environment, settings: readonly Setting[]): Environment {
  const kept = new Set(settings.map((setting) => setting.environment));
  const others = new Set(SETTINGS.map((setting) => setting.environment).filter((name) => !kept.has(name)));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !others.has(name)));
}

/** A variable that is like one of a setting, but none: it would be passed over without a word. */
export function misspelledVariables(environment: Environment): readonly InferometerError[] {
  const names = SETTINGS.flatMap((setting) => setting.environment ?? []);
  const known = new Set([...names, ...OTHERS]);
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith(PREFIX) || known.has(name)) return [];
    const meant = closestName(
      name.slice(PREFIX.length),
      names.map((one) => one.slice(PREFIX.length)),
    );
    if (meant === undefined) return [];
    return [inputError(`${name} is no setting; did you mean ${PREFIX}${meant}? (unset it if not)`)];
  });
}
