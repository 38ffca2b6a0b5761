import { NOT_AVAILABLE } from '../core/quantity-text.ts';
import type { Json } from '../metrics/snapshot.ts';
import { fixedHalfEven, generalHalfEven } from './half-even.ts';
import { pythonText } from './python-text.ts';

type Fields = { readonly [key: string]: Json };

/** The lines about the accuracy phases' results, as the reference shows them. */
export function accuracyLines(entries: readonly Json[]): string[] {
  const results = entries.filter(isFields);
  if (results.length === 0) return [];
  const scores = results.map(({ score }) => score).filter(isNumber);
  const tokenizing = results.filter((result) => 'osl_tokenize_s' in result);
  return [
    'Accuracy:',
    ...results.flatMap(resultLines),
    ...(scores.length === 0 ? [] : [`  Average: ${generalHalfEven(sum(scores) / scores.length, 4)}`]),
    ...(tokenizing.length === 0
      ? []
      : [
          `  OSL tokenization: ${generalHalfEven(sum(tokenizing.map(({ osl_tokenize_s: s }) => numberOr0(s))), 3)}s`,
        ]),
  ];
}

function resultLines(result: Fields): string[] {
  const {
    duration_s: seconds,
    response_counts: responses,
    output_sequence_lengths: lengths,
    breakdown,
  } = result;
  const score = isNumber(result.score) ? generalHalfEven(result.score, 4) : NOT_AVAILABLE;
  const duration = isNumber(seconds) ? `, duration=${fixedHalfEven(seconds, 2)}s` : '';
  const { unit_samples: unit, num_repeats: repeats, total_samples: total } = result;
  const lines = [
    `  ${pythonText(result.dataset_name)}: ${score} ` +
      `(unit=${pythonText(unit)}, repeats=${pythonText(repeats)}, total=${pythonText(total)}${duration})`,
  ];
  if (isFields(responses)) {
    const count = (key: string) => pythonText(responses[key] ?? 0);
    lines.push(
      `    responses: ${count('scored')}/${count('issued')} scored (${count('empty')} empty, ${count('missing')} missing)`,
    );
  }
  if (isFields(lengths)) {
    const average = fixedHalfEven(numberOr0(lengths.avg), 1);
    lines.push(
      `    output tokens (avg/min/max): ${average}/${pythonText(lengths.min)}/${pythonText(lengths.max)}`,
    );
  }
  if (isFields(breakdown) && isFields(breakdown.subset_scores)) {
    for (const [subset, subsetScore] of Object.entries(breakdown.subset_scores)) {
      lines.push(`    ${subset}: ${fixedHalfEven(numberOr0(subsetScore), 2)}%`);
    }
  }
  if (result.complete === false) lines.push('    (incomplete)');
  return lines;
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function numberOr0(value: Json | undefined): number {
  return isNumber(value) ? value : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
