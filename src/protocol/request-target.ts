import { InferometerError } from '../core/errors.ts';
import type { Endpoint } from './http-request.ts';

/** `v1`, `v3`, `v1beta`, `v2.1`. */
const VERSION = /^v\d+(?:\.\d+)*(?:(?:alpha|beta|preview)\d*)?$/i;
/** What APIs other than the run's end in: an endpoint that does is a mistake. */
const API_TAILS: Readonly<Record<string, string>> = {
  'chat/completions': '--api chat',
  completions: '--api completions',
  generate: '--api sglang',
};
/** Those this program does not speak; they are only told apart from prefixes below a version. */
const FOREIGN_TAILS = ['responses', 'messages', 'embeddings'] as const;

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
  const isWhole = tailOf(base) === tail;
  if (path !== undefined) {
    if (isWhole) throw targetError(endpoint, `already ends in /${tail}; leave that out to use --path`);
    return withQuery(joined(basePath, path), query);
  }
  checkTail(endpoint, base, tail);
  if (isWhole) return basePath + query;
  const isBase = base.some((segment) => VERSION.test(segment)) || base.at(-2) === 'deployments';
  return `${basePath}/${isBase ? tail : apiPath}${query}`;
}

function checkTail(endpoint: Endpoint, base: readonly string[], tail: string): void {
  const found = tailOf(base);
  if (found === tail) return;
  if (found !== undefined) throw targetError(endpoint, `ends in /${found}, which is for ${API_TAILS[found]}`);
  const foreign = FOREIGN_TAILS.find((name) => base.at(-1) === name);
  if (foreign !== undefined && VERSION.test(base.at(-2) ?? '')) {
    throw targetError(endpoint, `ends in /${foreign}, an API this program does not support`);
  }
}

/** The API path that the segments end in. */
function tailOf(segments: readonly string[]): string | undefined {
  const text = segments.join('/');
  return Object.keys(API_TAILS).find((tail) => text === tail || text.endsWith(`/${tail}`));
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
