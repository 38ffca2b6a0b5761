import { datasetError, isRowValues, type RawRow, shown } from '../../dataset/row.ts';
import { openSource } from '../../dataset/source.ts';
import { isLength, MOST_TOKENS } from './length-distribution.ts';
import { type LengthPair, type LengthPairs, listedPairs } from './length-pairs.ts';

/** Names of the columns, those of traces in use among them; the first that a row has counts. */
const INPUT_NAMES = [
  ...['input', 'input_tokens', 'input_length', 'input_len', 'prompt_tokens', 'prompt_len', 'isl'],
  ...['ContextTokens', 'Request tokens'],
];
const OUTPUT_NAMES = [
  ...['output', 'output_tokens', 'output_length', 'output_len', 'completion_tokens', 'max_tokens', 'osl'],
  ...['GeneratedTokens', 'Response tokens'],
];

/**
 * Pairs of lengths of a file of rows: objects or records with the columns `input` and `output`, or lists of two numbers. A file without outputs
 * is one of inputs alone.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input), with the place, for a row without a usable pair and for a file without rows, and what
 * `openSource` throws.
 */
export async function readLengthPairs(path: string): Promise<LengthPairs> {
  const pairs: LengthPair[] = [];
  for (const file of (await openSource(path)).files) {
    for (const row of file.rows()) {
      const pair = pairOf(row);
      const [first = pair] = pairs;
      if ((first.output === undefined) !== (pair.output === undefined))
        throw datasetError(row.place(), 'either all rows have an output or none has');
      pairs.push(pair);
    }
  }
  if (pairs.length === 0)
    throw datasetError(path, 'has no rows; needed are pairs of lengths: input and output');
  return listedPairs(pairs);
}

function pairOf(row: RawRow): LengthPair {
  const value = row.read();
  const [input, output] = Array.isArray(value) ? (value as readonly unknown[]) : columnsOf(value);
  if (input === undefined || input === null) {
    throw datasetError(
      row.place(),
      `must have a column input (or ${INPUT_NAMES.slice(1).join(', ')}), or be a list [input, output] (got ${shown(value)})`,
    );
  }
  return {
    input: lengthOf(input, 'input', row),
    output:
      output === undefined || output === null || output === '' ? undefined : lengthOf(output, 'output', row),
  };
}

function columnsOf(value: unknown): readonly unknown[] {
  if (!isRowValues(value)) return [];
  return [INPUT_NAMES, OUTPUT_NAMES].map(
    (names) => value[names.find((name) => Object.hasOwn(value, name)) ?? ''],
  );
}

function lengthOf(value: unknown, name: string, { place }: RawRow): number {
  const length = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof length === 'number' && isLength(length)) return length;
  throw datasetError(
    `${place()}: ${name}`,
    `must be a whole number of tokens from 1 to ${MOST_TOKENS} (got ${shown(value)})`,
  );
}
