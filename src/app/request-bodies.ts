import type { RunConfig } from '../config/schema.ts';
import { InferometerError } from '../core/errors.ts';
import { countText } from '../core/quantity-text.ts';
import type { Dataset } from '../dataset/open-dataset.ts';
import { datasetError, type RowValues } from '../dataset/row.ts';
import { adapterOf } from '../protocol/adapters.ts';
import type { RequestOptions } from '../protocol/adapter.ts';
import { outputLimitOf } from '../protocol/row-fields.ts';

/** The rows of a dataset as the bodies of requests. */
export interface RequestBodies {
  /** The rows that are sent, in order. */
  readonly rows: readonly RowValues[];
  readonly bodies: readonly Uint8Array[];
  /** How many choices each asks for. */
  readonly choices: readonly number[];
  /** What is wrong with the rows that were left out, each with its place. */
  readonly skipped: readonly string[];
  /** Columns of which some row is not sent. */
  readonly unsentColumns: readonly string[];
  /** The largest limit of output tokens among the requests, over all their choices; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
}

/** Bytes of a body at most: what one frame of the run log has room for, with the body in it. */
const MAX_BODY_BYTES = 2 ** 27;

/** Choices that a request may ask for: each is measured on its own, on each connection. */
const MAX_CHOICES = 1024;

/**
 * Makes the body of each row. Throws `InferometerError` (input) with the place of a row that lacks what the API needs, unless such rows
 * are skipped.
 */
export function buildBodies(dataset: Dataset, config: RunConfig, streaming: boolean): RequestBodies {
  const adapter = adapterOf(config.api);
  const unsent = new Set<string>();
  const options = requestOptions(config, streaming, (column) => unsent.add(column));
  const rows: RowValues[] = [];
  const bodies: Uint8Array[] = [];
  const choices: number[] = [];
  const skipped: string[] = [];
  let outputLimit: number | null = 0;
  let echoes = 0;
  for (const [index, row] of dataset.rows.entries()) {
    try {
      const request = adapter.requestBody(row, options);
      const body = Buffer.from(JSON.stringify(request));
      if (body.length > MAX_BODY_BYTES) throw tooLong(body.length);
      const choiceCount = adapter.choicesOf(request);
      if (choiceCount > MAX_CHOICES) throw tooManyChoices(choiceCount);
      const limit = outputLimitOf(request);
      outputLimit =
        limit === undefined || outputLimit === null ? null : Math.max(outputLimit, limit * choiceCount);
      if (request.echo === true && request.stream === true) echoes += 1;
      rows.push(row);
      bodies.push(body);
      choices.push(choiceCount);
    } catch (error) {
      if (!(error instanceof InferometerError)) throw error;
      const placed = datasetError(dataset.placeOf(index), error.message, { cause: error });
      if (!config.skip_bad_rows) throw placed;
      skipped.push(placed.message);
    }
  }
  if (rows.length === 0) {
    throw datasetError(dataset.name, `has no usable row; the first one: ${skipped[0]}`);
  }
  return { rows, bodies, choices, skipped, unsentColumns: [...unsent], outputLimit, echoes };
}

function requestOptions(
  config: RunConfig,
  streaming: boolean,
  onUnsent: (column: string) => void,
): RequestOptions {
  return {
    model: config.model,
    streaming,
    includeUsage: streaming && config.usage !== 'off',
    rowDecidesUsage: config.usage === 'auto',
    extra: config.extra,
    onUnsent,
    ...(config.max_output_tokens === undefined ? {} : { maxOutputTokens: config.max_output_tokens }),
    ...(config.limit_field === undefined ? {} : { limitField: config.limit_field }),
  };
}

function tooManyChoices(choices: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the request asks for ${countText(choices)} choices; the limit is ${countText(MAX_CHOICES)}`,
  );
}

function tooLong(bytes: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    'input',
    `the request has ${countText(bytes)} bytes; the limit is ${countText(MAX_BODY_BYTES)}`,
  );
}
