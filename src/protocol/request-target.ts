import { InferometerError } from '../core/errors.ts';
import type { Endpoint } from './endpoint.ts';

/** `v1`, `v3`, `v1beta`, `v2.1`. */
const VERSION = /^v\d+(?:\.\d+)*(?:(?:alpha|beta|preview)\d*)?$/i;
/** What APIs end in, the longest first: an endpoint that ends in that of another than the run's is a mistake. */
const API_TAILS: Readonly<Record<string, string>> = {
  'chat/completions': '--api chat',
  completions: '--api completions',
  completion: '--api llamacpp',
  generate_stream: '--api tgi with streaming',
  'api/chat': '--api ollama',
  'api/generate': '--api ollama-generate',
  generate: '--api sglang, or tgi without streaming',
};
/** These are ordinary words, so they are only told apart from prefixes below a version. */
const VERSIONED_TAILS: Readonly<Record<string, string>> = {
  responses: '--api responses',
  messages: '--api anthropic',
  embeddings: '--api embeddings',
  rerank: '--api rerank',
};

/**
 * The target of the request line: path and query. `apiPath` is the API's path below a server's root, such as `v1/chat/completions`;
 * `path` replaces it.
 *
 * - An endpoint that ends in the API's own last segments (`/chat/completions`) is the whole URL.
 * - A path with a version in it (`/v1`, `/api/v3`, `/v1beta/openai`), and an Azure deployment, is the base of the API.
 * - Any other path is a prefix, below which the API's path begins with its version.
 *
 * Throws `INFEROMETER_PROTOCOL_ENDPOINT` for an endpoint that ends in another API's path, or is a whole URL when `path` is set.
 */
export function requestTarget(endpoint: Endpoint, apiPath: string, path?: string): string {
  const { basePath, query } = endpoint;
  const [first, ...others] = apiPath.split('/');
  const tail = VERSION.test(first!) ? others.join('/') : apiPath;
  const base = basePath.split('/').slice(1);
  const isWhole = endsIn(base, tail, VERSION.test(first!));
  if (path !== undefined) {
    if (isWhole) throw targetError(endpoint, `already ends in /${tail}; leave that out to use --path`);
    return withQuery(joined(basePath, path), query);
  }
  if (isWhole) return basePath + query;
  checkTail(endpoint, base);
  const isBase = base.some((segment) => VERSION.test(segment)) || base.at(-2) === 'deployments';
  return `${basePath}/${isBase ? tail : apiPath}${query}`;
}

/** Whether the segments end in the API's own. An API without a version may have the last segment of another: its own counts. */
function endsIn(segments: readonly string[], tail: string, isVersioned: boolean): boolean {
  const found = tailOf(segments);
  if (found === tail) return true;
  return (found === undefined || !isVersioned || tail.endsWith(`/${found}`)) && isTail(segments, tail);
}

function checkTail(endpoint: Endpoint, base: readonly string[]): void {
  const found = tailOf(base);
  if (found !== undefined) throw targetError(endpoint, `ends in /${found}, which is for ${API_TAILS[found]}`);
  if (!VERSION.test(base.at(-2) ?? '')) return;
  const last = base.at(-1)!;
  if (Object.hasOwn(VERSIONED_TAILS, last)) {
    throw targetError(endpoint, `ends in /${last}, which is for ${VERSIONED_TAILS[last]}`);
  }
}

/** The API path that the segments end in. */
function tailOf(segments: readonly string[]): string | undefined {
  return Object.keys(API_TAILS).find((tail) => isTail(segments, tail));
}

function isTail(segments: readonly string[], tail: string): boolean {
  const text = segments.join('/');
  return text === tail || text.endsWith(`/${tail}`);
}

/** The path below the base; segments that end the one and begin the other are not repeated. */
function joined(basePath: string, path: string): string {
  const [, pathname = '', query = ''] = /^\/*([^?]*)(.*)$/s.exec(path)!;
  const segments = pathname.split('/');
  for (let shared = segments.length; shared > 0; shared--) {
    const head = `/${segments.slice(0, shared).join('/')}`;
    if (basePath.endsWith(head)) return [basePath, ...segments.slice(shared)].join('/') + query;
  }
  return `${basePath}/${pathname}${query}`;
}

function withQuery(target: string, query: string): string {
  if (query.length <= 1) return target;
  return target.includes('?') ? `${target}&${query.slice(1)}` : target + query;
}

function targetError({ url }: Endpoint, what: string): InferometerError {
  return new InferometerError('INFEROMETER_PROTOCOL_ENDPOINT', 'input', `--endpoint ${url}: ${what}`);
}
