import { readQuantity } from './limit.ts';
import { readRule, type RuleScanner } from './rule-scanner.ts';

/**
 * Which part of a run is its steady state: none is looked for, it is found out, or it is told: in ns since the start of the run, or as shares of the
 * time that was measured, 0 at the first measured issue and 1 at the last.
 */
export type SteadyChoice =
  | { readonly kind: 'off' }
  | { readonly kind: 'auto' }
  | { readonly kind: 'range'; readonly fromNs: number; readonly toNs: number }
  | { readonly kind: 'share'; readonly from: number; readonly to: number };

export const STEADY_ALLOWED = "auto, off or a stretch of the run such as '30s..5m' or '25%..100%'";
const PERCENT_ALLOWED = 'a share of the measured time, at most 100%';

/** The choice as people write it, or what is wrong with the text. */
export function parseSteadyChoice(text: string): SteadyChoice | string {
  return readRule<SteadyChoice>(text, (scanner) => {
    const kind = scanner.take(/(auto|off)(?!\w)/iy)?.[0].toLowerCase();
    if (kind === 'auto' || kind === 'off') return { kind };
    const fault = scanner.fault(STEADY_ALLOWED);
    if (scanner.take(/(?=\d)/y) === undefined) throw fault;
    const isShare = scanner.take(/(?=\d+(\.\d+)?\s*%)/y) !== undefined;
    const read = () => (isShare ? readPercent(scanner) : readQuantity(scanner, 'ns'));
    const from = read();
    if (scanner.take(/\.\./y) === undefined) throw scanner.fault("'..' and where the stretch ends");
    const to = read();
    if (!(to > from)) throw fault;
    return isShare ? { kind: 'share', from, to } : { kind: 'range', fromNs: from, toNs: to };
  });
}

function readPercent(scanner: RuleScanner): number {
  const fault = scanner.fault(PERCENT_ALLOWED);
  const share = Number(scanner.take(/(\d+(?:\.\d+)?)\s*%/y)?.[1]) / 100;
  if (!(share <= 1)) throw fault;
  return share;
}
