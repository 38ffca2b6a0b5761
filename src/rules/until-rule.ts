import type { FigureUnit } from './limit.ts';
import { readQuantity, setText } from './limit.ts';
import { readRule } from './rule-scanner.ts';
import { readSloFigure, type SloFigure } from './slo.ts';

/** How well a figure is to be known before a run may end: `ttft p99 ±3%`. */
export interface UntilRule {
  /** As it is shown: `ttft p99 ±3 %`. */
  readonly text: string;
  readonly figure: Exclude<SloFigure, { readonly kind: 'error_share' }>;
  readonly unit: FigureUnit;
  /** How far either end of the interval may be from the figure, as a share of it. */
  readonly tolerance: number;
}

const TOLERANCE_ALLOWED = 'a share such as 3%, above 0 and below 100%';

/** A rule as people write it, or what is wrong with the text. */
export function parseUntilRule(text: string): UntilRule | string {
  return readRule(text, (scanner) => {
    const isNone = scanner.fault('a percentile, requests/s or output tokens/s');
    const { figure, unit, shownName } = readSloFigure(scanner);
    if (figure.kind === 'error_share') throw isNone;
    if (scanner.take(/±|\+\/?-/y) === undefined) throw scanner.fault('± (or +-) and a share such as 3%');
    const before = scanner.fault(TOLERANCE_ALLOWED);
    const tolerance = readQuantity(scanner, 'share');
    if (!(tolerance > 0 && tolerance < 1)) throw before;
    return { text: `${shownName} ±${setText(tolerance, 'share')}`, figure, unit, tolerance };
  });
}

/** Rules that were checked before; what can't be read is left out. */
export function untilRulesOf(texts: unknown): readonly UntilRule[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text) => {
    const rule = typeof text === 'string' ? parseUntilRule(text) : '';
    return typeof rule === 'string' ? [] : [rule];
  });
}
