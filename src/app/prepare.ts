import type { RunConfig } from '../config/schema.ts';
import { InferometerError } from '../core/errors.ts';
import type { PromptData } from '../core/model-output.ts';
import { RequestArena } from '../dataset/arena.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import { promptDataOf } from '../dataset/prompt-data.ts';
import { adapterOf } from '../protocol/adapters.ts';
import { parseEndpoint, requestEncoder, type Endpoint } from '../protocol/http-request.ts';

/** All that can be known, and refused, before a request is sent. */
export interface PreparedRun {
  readonly endpoints: readonly Endpoint[];
  /** One for each endpoint: they differ in the Host line. */
  readonly arenas: readonly RequestArena[];
  readonly prompts: readonly PromptData[];
  readonly streaming: boolean;
}

/** Opens the dataset and turns it into requests. Throws `InferometerError` (input) for whatever the user can mend. */
export async function prepareRun(config: RunConfig): Promise<PreparedRun> {
  const endpoints = config.endpoints.map((url) => parseEndpoint(url));
  if (config.tokenizer !== undefined) await checkTokenizer(config.tokenizer);
  const { rows } = await openDataset(config.dataset);
  const streaming = config.streaming === 'auto' ? config.load.pattern !== 'burst' : config.streaming === 'on';
  const adapter = adapterOf(config.api);
  const options = {
    model: config.model,
    streaming,
    includeUsage: streaming,
    ...(config.max_output_tokens === undefined ? {} : { maxOutputTokens: config.max_output_tokens }),
  };
  const requests = rows.map((row, index) => {
    try {
      const body = adapter.requestBody(row, options);
      return { bytes: Buffer.from(JSON.stringify(body)), choices: adapter.choicesOf(body) };
    } catch (error) {
      throw atRow(config.dataset, index, error);
    }
  });
  const head = {
    streaming,
    keepAlive: config.client.connections === 'reuse',
    headers: config.client.headers,
    ...(config.client.api_key === undefined ? {} : { apiKey: config.client.api_key }),
  };
  const arenas = endpoints.map((endpoint) => {
    const encode = requestEncoder(endpoint, adapter.path, head);
    return RequestArena.build(
      rows.length,
      (row) => encode(requests[row]!.bytes),
      (row) => requests[row]!.choices,
    );
  });
  return { endpoints, arenas, prompts: rows.map(promptDataOf), streaming };
}

function atRow(dataset: string, index: number, error: unknown): unknown {
  if (!(error instanceof InferometerError)) return error;
  return new InferometerError(
    'INFEROMETER_DATASET_ROW',
    error.kind,
    `${dataset}: row ${index + 1}: ${error.message}`,
    { cause: error },
  );
}

/** Loads it once for the error it may have: better now than in the aggregator, when the load is over. */
async function checkTokenizer(path: string): Promise<void> {
  const { loadTokenizer } = await import('../tokens/tokenizer.ts');
  try {
    await loadTokenizer(path);
  } catch (error) {
    if (!(error instanceof InferometerError)) throw error;
    throw new InferometerError('INFEROMETER_TOKENIZER', 'input', `--tokenizer: ${error.message}`, {
      cause: error,
    });
  }
}
