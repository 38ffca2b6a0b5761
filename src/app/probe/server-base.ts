import { ADAPTERS, type ApiName, pathOf } from '../../protocol/adapters.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';

/** Where the paths of a server begin. */
export interface ServerBase {
  /** Of paths that begin with a version: may end in one itself, such as `/v1` or `/v1beta/openai`. */
  readonly base: Endpoint;
  /** Of all other paths. */
  readonly root: Endpoint;
  /** The API whose whole URL was given, if it was one. */
  readonly api: ApiName | undefined;
}

/** Of URLs: `v1`, `v1beta`, `v3`. */
const VERSION = /^v\d/i;

/** Whatever of a URL was given: a base, one with a version, or the whole URL of an API. */
export function serverBaseOf(endpoint: Endpoint): ServerBase {
  const api = apiOfPath(endpoint.basePath);
  const basePath = api === undefined ? endpoint.basePath : withoutApi(endpoint.basePath, api);
  const segments = basePath.split('/');
  const version = segments.findIndex((segment) => VERSION.test(segment));
  const rootPath = version < 0 ? basePath : segments.slice(0, version).join('/');
  return { base: withPath(endpoint, basePath), root: withPath(endpoint, rootPath), api };
}

/** The endpoint at another path. */
function withPath(endpoint: Endpoint, basePath: string): Endpoint {
  const { url, socketPath, basePath: old } = endpoint;
  const start = old === '' ? url : url.slice(0, -old.length);
  const colon = socketPath !== undefined && old === '' && basePath !== '' ? ':' : '';
  return { ...endpoint, basePath, url: (start + colon + basePath).replace(/:$/, '') };
}

/** The API's own segments at the end of a path, the longest first: without the version, which belongs to the base. */
const TAILS: readonly (readonly [tail: string, api: ApiName])[] = (Object.keys(ADAPTERS) as ApiName[])
  .filter((api) => api !== 'triton' && api !== 'kserve')
  .flatMap((api) => [true, false].map((streaming) => [tailOf(api, streaming), api] as const))
  .sort(([one], [other]) => other.length - one.length);

function tailOf(api: ApiName, streaming: boolean): string {
  return pathOf(ADAPTERS[api], streaming, '').replace(/^v\d+\//, '');
}

function apiOfPath(path: string): ApiName | undefined {
  const ofModel = /\/v2\/models\/[^/]+(?:\/versions\/[^/]+)?\/(generate(?:_stream)?|infer)$/.exec(path)?.[1];
  if (ofModel !== undefined) return ofModel === 'infer' ? 'kserve' : 'triton';
  return TAILS.find(([tail]) => path.endsWith(`/${tail}`))?.[1];
}

function withoutApi(path: string, api: ApiName): string {
  if (api === 'triton' || api === 'kserve') return path.replace(/\/v2\/models\/.*$/, '');
  const [tail] = TAILS.find(([one, name]) => name === api && path.endsWith(`/${one}`))!;
  return path.slice(0, -tail.length - 1);
}
