import { setImmediate } from 'node:timers/promises';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import { countText } from '../../core/quantity-text.ts';
import { columnGroup } from '../../core/row-columns.ts';
import { type RequestArena, RequestArenaBuilder } from '../../dataset/arena.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import { promptDataOf } from '../../dataset/prompt-data.ts';
import { datasetError, type RowValues } from '../../dataset/row.ts';
import { adapterOf } from '../../protocol/adapters.ts';
import type { ApiAdapter, RequestOptions } from '../../protocol/adapter.ts';
import { outputLimitOf } from '../../protocol/row-fields.ts';
import { PromptFrames } from './prompts.ts';

/** The rows of a dataset as requests. */
export interface BuiltRequests {
  /** One for each endpoint: they differ in their heads. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames. */
  readonly promptFrames: readonly Uint8Array[];
  readonly rowCount: number;
  /** What is wrong with the rows that were left out, each with its place. */
  readonly skipped: readonly string[];
  /** Columns of which some row is not sent. */
  readonly unsentColumns: readonly string[];
  /** Columns that are sent as they are, and the models that rows name. */
  readonly passedColumns: readonly string[];
  readonly models: readonly string[];
  /** The largest limit of output tokens among the requests, over all their choices; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
}

/** The head of a request whose body has so many bytes. */
export type EncodeHead = (bodyBytes: number) => string;

/** Bytes of a body at most: what one frame of the run log has room for, with the body in it. */
const MAX_BODY_BYTES = 2 ** 27;

/** Choices that a request may ask for: each is measured on its own, on each connection. */
const MAX_CHOICES = 1024;

/** Signals and the screen get their turn this often. */
const TURN_MS = 50;

/**
 * Makes the requests of a dataset, row by row: memory is that of what comes out, twice at the end. `onProgress` hears of the rows done so
 * far, some times a second. Throws `InferometerError` (input) with the place of a row that lacks what the API needs, unless such rows are
 * skipped.
 */
export async function buildRequests(
  dataset: Dataset,
  config: RunConfig,
  { streaming, heads, onProgress }: BuildOptions,
): Promise<BuiltRequests> {
  const builder = new RequestsBuilder(dataset, config, streaming, heads);
  let turnEndsMs = performance.now() + TURN_MS;
  for (const row of dataset.rows()) {
    builder.add(row);
    if (performance.now() < turnEndsMs) continue;
    onProgress?.(builder.rowCount);
    await setImmediate();
    turnEndsMs = performance.now() + TURN_MS;
  }
  return builder.finish();
}

export interface BuildOptions {
  readonly streaming: boolean;
  /** Of each endpoint. */
  readonly heads: readonly EncodeHead[];
  readonly onProgress?: ((rows: number) => void) | undefined;
}

class RequestsBuilder {
  readonly #dataset: Dataset;
  readonly #config: RunConfig;
  readonly #adapter: ApiAdapter;
  readonly #options: RequestOptions;
  readonly #heads: readonly EncodeHead[];
  readonly #arenas: readonly RequestArenaBuilder[];
  readonly #prompts = new PromptFrames();
  readonly #unsent = new Set<string>();
  readonly #passed = new Set<string>();
  readonly #models = new Set<string>();
  readonly #skipped: string[] = [];
  #outputLimit: number | null = 0;
  #echoes = 0;
  rowCount = 0;

  constructor(dataset: Dataset, config: RunConfig, streaming: boolean, heads: readonly EncodeHead[]) {
    this.#dataset = dataset;
    this.#config = config;
    this.#adapter = adapterOf(config.api);
    this.#options = requestOptions(config, streaming, (column) => this.#unsent.add(column));
    this.#heads = heads;
    this.#arenas = heads.map(() => new RequestArenaBuilder());
  }

  add({ values, place }: DatasetRow): void {
    try {
      this.#addRow(values);
    } catch (error) {
      if (!(error instanceof InferometerError) || error.code === 'INFEROMETER_DATASET_TOO_LARGE') throw error;
      const placed = datasetError(place(), error.message, { cause: error });
      if (!this.#config.skip_bad_rows) throw placed;
      this.#skipped.push(placed.message);
    }
  }

  finish(): BuiltRequests {
    if (this.rowCount === 0) {
      throw datasetError(this.#dataset.name, `has no usable row; the first one: ${this.#skipped[0]}`);
    }
    return {
      arenas: this.#arenas.map((arena) => arena.finish()),
      promptFrames: this.#prompts.finish(),
      rowCount: this.rowCount,
      skipped: this.#skipped,
      unsentColumns: [...this.#unsent],
      passedColumns: [...this.#passed],
      models: [...this.#models],
      outputLimit: this.#outputLimit,
      echoes: this.#echoes,
    };
  }

  #addRow(row: RowValues): void {
    const request = this.#adapter.requestBody(row, this.#options);
    const body = JSON.stringify(request);
    const bodyBytes = Buffer.byteLength(body);
    if (bodyBytes > MAX_BODY_BYTES) throw tooLong(bodyBytes);
    const choices = this.#adapter.choicesOf(request);
    if (choices > MAX_CHOICES) throw tooManyChoices(choices);
    const limit = outputLimitOf(request);
    const known = this.#outputLimit;
    this.#outputLimit = limit === undefined || known === null ? null : Math.max(known, limit * choices);
    this.#arenas.forEach((arena, index) =>
      arena.appendText(choices, this.#heads[index]!(bodyBytes), body, bodyBytes),
    );
    if (request.echo === true && request.stream === true) this.#echoes += 1;
    this.#prompts.add(promptDataOf(row));
    for (const name in row) if (columnGroup(name) === undefined) this.#passed.add(name);
    if (typeof row.model === 'string') this.#models.add(row.model);
    this.rowCount += 1;
  }
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
