import { countText, numberText } from '../core/quantity-text.ts';
import { ITEM_NAMES, type ResponseKind } from '../core/response-kind.ts';
import { headlineRate } from './headline-rate.ts';
import type { Report } from './report.ts';

/** What responses without text hold, over the measured window. */
export interface ItemReport {
  readonly kind: ResponseKind;
  readonly perResponse: number;
  /** The rate of responses times the items of one on average; null without a rate. */
  readonly perSecond: number | null;
  /** In the same way; null where nobody counted them. */
  readonly inputTokensPerSecond: number | null;
  /** Of images; null where the responses don't hold them. */
  readonly bytesPerResponse: number | null;
  /** Of vectors: the fewest and the most. */
  readonly dimensions: readonly [least: number, most: number] | null;
}

/** Null for a run whose responses hold no items, or none of which succeeded. */
export function itemReport(report: Report): ItemReport | null {
  const { own, inputSequenceLengths: inputs } = report;
  const kind = own?.run.responseKind ?? 'text';
  const perResponse = own?.responses?.itemsPerResponse ?? null;
  if (ITEM_NAMES[kind] === undefined || perResponse === null) return null;
  const rate = headlineRate(report);
  const inputTokens = inputs.kind === 'values' ? inputs.average : null;
  return {
    ...{ kind, perResponse },
    perSecond: rate === null ? null : rate * perResponse,
    inputTokensPerSecond: rate === null || inputTokens === null ? null : rate * inputTokens,
    bytesPerResponse: own?.responses?.bytesPerResponse ?? null,
    dimensions: own?.responses?.dimensions ?? null,
  };
}

/** `640 vectors/s, 32 a response, of 768 dimensions; 12,800 input tokens/s`. */
export function itemText({ kind, perResponse, perSecond, ...more }: ItemReport): string {
  const { inputTokensPerSecond: tokens, dimensions, bytesPerResponse: bytes } = more;
  const name = `${ITEM_NAMES[kind]!}s`;
  const sizes = dimensions === null ? '' : `, of ${dimensionsText(dimensions)}`;
  const weight = bytes === null || bytes === 0 ? '' : `, ${numberText(bytes / perResponse)} bytes each`;
  const each = `${numberText(perResponse)} a response${sizes}${weight}`;
  const rate = perSecond === null ? `${name}: ` : `${numberText(perSecond)} ${name}/s, `;
  return `${rate}${each}${tokens === null ? '' : `; ${numberText(tokens)} input tokens/s`}`;
}

function dimensionsText([least, most]: readonly [least: number, most: number]): string {
  return least === most
    ? `${countText(least)} dimensions`
    : `${countText(least)} to ${countText(most)} dimensions`;
}
