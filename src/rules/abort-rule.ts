import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import { type FigureUnit, type Limit, limitText, readLimit, readQuantity, setText } from './limit.ts';
import { namePattern } from './name-pattern.ts';
import { readRule, type RuleScanner } from './rule-scanner.ts';

/** What can end a run early; append to extend, and tell its value in `app/run/abort-watch.ts`. */
const ABORT_FIGURES = [
  { figure: 'errors', name: 'errors', unit: 'share' },
  { figure: 'inFlight', name: 'in flight', unit: 'requests' },
  { figure: 'waiting', name: 'waiting', unit: 'requests' },
] as const satisfies readonly { readonly figure: string; readonly name: string; readonly unit: FigureUnit }[];

/** Over how long the share of errors is taken, where the rule does not say. */
const ERRORS_OVER_MS = 10_000;

/** When a run is to end early: `errors > 10% for 20s`. */
export interface AbortRule {
  /** As it is shown: `errors > 10 % for 20 s`. */
  readonly text: string;
  readonly figure: (typeof ABORT_FIGURES)[number]['figure'];
  readonly unit: FigureUnit;
  readonly limit: Limit;
  /** Errors: of the samples that ended in the last so many ms. Other figures: beyond the limit for so long. */
  readonly forMs: number;
}

const PATTERNS = ABORT_FIGURES.map((one) => ({ one, pattern: namePattern(one.name) }));

/** A rule as people write it, or what is wrong with the text. */
export function parseAbortRule(text: string): AbortRule | string {
  return readRule(text, (scanner) => {
    const found = PATTERNS.find(({ pattern }) => scanner.take(pattern) !== undefined);
    if (found === undefined)
      throw scanner.fault(`one of ${ABORT_FIGURES.map(({ name }) => name).join(', ')}`);
    const { figure, name, unit } = found.one;
    const isLow = scanner.fault('> or >=');
    const limit = readLimit(scanner, unit);
    if (limit.comparison.startsWith('<')) throw isLow;
    const forMs = readFor(scanner);
    const shown = `${name} ${limitText(limit, unit)}`;
    return {
      text: forMs === undefined ? shown : `${shown} for ${setText(forMs * NS_PER_MS, 'ns')}`,
      ...{ figure, unit, limit },
      forMs: forMs ?? (figure === 'errors' ? ERRORS_OVER_MS : 0),
    };
  });
}

/** Undefined where the rule does not say. */
function readFor(scanner: RuleScanner): number | undefined {
  if (scanner.take(/for(?!\w)/iy) === undefined) return undefined;
  const before = scanner.fault('a time of at least 1s');
  const ns = readQuantity(scanner, 'ns');
  if (ns < NS_PER_SECOND) throw before;
  return ns / NS_PER_MS;
}
