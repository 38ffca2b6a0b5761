import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { RequestArena } from '../../dataset/arena.ts';
import { openDataset } from '../../dataset/open-dataset.ts';
import { adapterOf } from '../../protocol/adapters.ts';
import { parseEndpoint, headEncoder, type Endpoint } from '../../protocol/http-request.ts';
import { tellDataset } from './dataset-notes.ts';
import { buildRequests } from './requests.ts';

/** All that can be known, and refused, before a request is sent. */
export interface PreparedRun {
  readonly endpoints: readonly Endpoint[];
  /** One for each endpoint: they differ in the Host line. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames of the run log. */
  readonly promptFrames: readonly Uint8Array[];
  /** Rows of the dataset that can be sent. */
  readonly rowCount: number;
  readonly streaming: boolean;
  /** The largest limit of output tokens among the requests; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows: number;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
}

/**
 * Opens the dataset and turns it into requests. Tells what of it is not sent. Throws `InferometerError` (input) for whatever the user
 * can fix.
 */
export async function prepareRun(
  config: RunConfig,
  log: Log,
  onProgress?: (rows: number) => void,
): Promise<PreparedRun> {
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
  const heads = endpoints.map((endpoint) => headEncoder(endpoint, adapter.path, head));
  if (config.tokenizer !== undefined) await checkTokenizer(config.tokenizer);
  const dataset = await openDataset(config.dataset, { skipBadRows: config.skip_bad_rows });
  const requests = await buildRequests(dataset, config, { streaming, heads, onProgress });
  tellDataset(dataset, requests, config, log);
  return {
    ...{ endpoints, streaming },
    arenas: requests.arenas,
    promptFrames: requests.promptFrames,
    rowCount: requests.rowCount,
    outputLimit: requests.outputLimit,
    skippedRows: dataset.skipped.length + requests.skipped.length,
    echoes: requests.echoes,
  };
}

/** Loads it once for the error it may have: better now than in the aggregator, after the load. */
export async function checkTokenizer(path: string): Promise<void> {
  const { loadTokenizer } = await import('../../tokens/tokenizer.ts');
  try {
    await loadTokenizer(path);
  } catch (error) {
    if (!(error instanceof InferometerError)) throw error;
    throw new InferometerError('INFEROMETER_TOKENIZER', 'input', `--tokenizer: ${error.message}`, {
      cause: error,
    });
  }
}
