import { type FigureUnit, keepsLimit, type Limit, limitText, readLimit } from './limit.ts';
import { namePattern } from './name-pattern.ts';
import { readRule, type RuleScanner } from './rule-scanner.ts';

/** What a sample can be called good by; append to extend, and tell its value in `aggregator/goodput-tracker.ts`. */
const GOOD_FIGURES = [
  { key: 'responseTtftNs', name: 'response ttft', unit: 'ns' },
  { key: 'responseLatencyNs', name: 'response latency', unit: 'ns' },
  { key: 'ttftNs', name: 'ttft', unit: 'ns' },
  { key: 'tpotNs', name: 'tpot', unit: 'ns' },
  { key: 'latencyNs', name: 'latency', unit: 'ns' },
  { key: 'outputTokens', name: 'output tokens', unit: 'tokens' },
] as const satisfies readonly { readonly key: string; readonly name: string; readonly unit: FigureUnit }[];

export type GoodFigure = (typeof GOOD_FIGURES)[number]['key'];

/** The figures of one sample; NaN for one it has not, or not yet. */
export type SampleFigures = Readonly<Record<GoodFigure, number>>;

/** When a sample that succeeded is good: all conditions hold. */
export interface GoodRule {
  /** `ttft < 500 ms and tpot < 50 ms`. */
  readonly text: string;
  readonly conditions: readonly { readonly figure: GoodFigure; readonly limit: Limit }[];
}

const PATTERNS = GOOD_FIGURES.map((figure) => ({ figure, pattern: namePattern(figure.name) }));

/** A rule as people write it, or what is wrong with the text. */
export function parseGoodRule(text: string): GoodRule | string {
  return readRule(text, (scanner) => {
    const conditions = [readCondition(scanner)];
    while (!scanner.isAtEnd) {
      if (scanner.take(/and(?!\w)/iy) === undefined) throw scanner.fault('"and" and another condition');
      conditions.push(readCondition(scanner));
    }
    return { text: conditions.map((condition) => condition.text).join(' and '), conditions };
  });
}

/** Whether figures keep all limits; one that is not known keeps none. */
export function isGood({ conditions }: GoodRule, figures: SampleFigures): boolean {
  return conditions.every(({ figure, limit }) => keepsLimit(figures[figure], limit));
}

function readCondition(scanner: RuleScanner) {
  const found = PATTERNS.find(({ pattern }) => scanner.take(pattern) !== undefined);
  if (found === undefined) throw scanner.fault(`one of ${GOOD_FIGURES.map(({ name }) => name).join(', ')}`);
  const { key, name, unit } = found.figure;
  const limit = readLimit(scanner, unit);
  return { figure: key, limit, text: `${name} ${limitText(limit, unit)}` };
}
