import type { RunConfig } from '../config/schema.ts';
import { InferometerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { PromptData } from '../core/model-output.ts';
import { RequestArena } from '../dataset/arena.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import { promptDataOf } from '../dataset/prompt-data.ts';
import { adapterOf } from '../protocol/adapters.ts';
import { parseEndpoint, requestEncoder, type Endpoint } from '../protocol/http-request.ts';
import { buildBodies } from './request-bodies.ts';
import { tellDataset } from './dataset-notes.ts';

/** All that can be known, and refused, before a request is sent. */
export interface PreparedRun {
  readonly endpoints: readonly Endpoint[];
  /** One for each endpoint: they differ in the Host line. */
  readonly arenas: readonly RequestArena[];
  readonly prompts: readonly PromptData[];
  readonly streaming: boolean;
  /** The largest limit of output tokens among the requests; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows: number;
}

/**
 * Opens the dataset and turns it into requests. Tells what of it is not sent. Throws `InferometerError` (input) for whatever the user
 * can fix.
 */
export async function prepareRun(config: RunConfig, log: Log): Promise<PreparedRun> {
  const endpoints = config.endpoints.map((url) => parseEndpoint(url));
  const adapter = adapterOf(config.api);
  const streaming = config.streaming === 'auto' ? config.load.pattern !== 'burst' : config.streaming === 'on';
  const head = {
    streaming,
    keepAlive: config.client.connections === 'reuse',
    headers: config.client.headers,
    ...(config.client.api_key === undefined ? {} : { apiKey: config.client.api_key }),
    ...(config.path === undefined ? {} : { path: config.path }),
  };
  const encoders = endpoints.map((endpoint) => requestEncoder(endpoint, adapter.path, head));
  if (config.tokenizer !== undefined) await checkTokenizer(config.tokenizer);
  const dataset = await openDataset(config.dataset, { skipBadRows: config.skip_bad_rows });
  const requests = buildBodies(dataset, config, streaming);
  tellDataset(dataset, requests, config, log);
  const arenas = encoders.map((encode) => {
    return RequestArena.build(
      requests.bodies.length,
      (row) => encode(requests.bodies[row]!),
      (row) => requests.choices[row]!,
    );
  });
  return {
    endpoints,
    arenas,
    prompts: requests.rows.map(promptDataOf),
    streaming,
    outputLimit: requests.outputLimit,
    skippedRows: dataset.skipped.length + requests.skipped.length,
  };
}

/** Loads it once for the error it may have: better now than in the aggregator, after the load. */
export async function checkTokenizer(path: string): Promise<void> {
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
