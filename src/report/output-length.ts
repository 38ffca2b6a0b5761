import { numberText, percentText } from '../core/quantity-text.ts';
import type { Report } from './report.ts';

/** Output tokens that were asked for and came, on average over all samples. */
export interface OutputLength {
  /** The mean limit that the rows of the dataset have. */
  readonly requested: number;
  readonly delivered: number;
}

/** Null where a request had no limit, or nothing came. */
export function outputLengthOf({
  own,
  outputSequenceLengths: delivered,
}: Pick<Report, 'own' | 'outputSequenceLengths'>): OutputLength | null {
  const requested = own?.run.meanOutputLimit ?? null;
  if (requested === null || requested <= 0 || delivered.kind === 'empty' || delivered.average === null)
    return null;
  return { requested, delivered: delivered.average };
}

/** `256 tokens requested on average, 131 delivered (51.2 %)`. */
export function outputLengthText({ requested, delivered }: OutputLength): string {
  return `${numberText(requested)} tokens requested on average, ${numberText(delivered)} delivered (${percentText(delivered / requested)})`;
}
