import { isIP } from 'node:net';
import { parseEndpoint } from '../protocol/endpoint.ts';
import { NO_PROXY } from '../protocol/proxy.ts';
import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';

/** How the addresses of a host are given. */
export const RESOLVE_ALLOWED = 'HOST:PORT:ADDRESS[,ADDRESS…], such as llm.example.com:443:10.0.0.1,10.0.0.2';

/** Addresses to connect to for a host and port. */
export interface ResolveEntry {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** Takes `host:8000:10.0.0.1,[::1]` apart; undefined for what is not of that form. */
export function parseResolve(text: string): ResolveEntry | undefined {
  const [, host, port, list] = /^([^:\s,]+):(\d{1,5}):(\S+)$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535 || isIP(host) !== 0) return undefined;
  const addresses = list!.split(',').map((address) => address.replace(/^\[(.*)\]$/, '$1'));
  if (addresses.some((address) => isIP(address) === 0)) return undefined;
  return { host: host.toLowerCase(), port: Number(port), addresses };
}

/** The addresses of each endpoint's host, where they are given. Throws `InferometerError` (input) for some that no endpoint has. */
export function addressesOfEach({
  endpoints,
  client,
}: RunConfig): readonly (readonly string[] | undefined)[] {
  const isProxied = client.proxies?.some((proxy) => proxy !== NO_PROXY) === true;
  if (client.resolve !== undefined && isProxied) {
    throw inputError(
      '--resolve is not for endpoints behind a proxy, which looks the host up itself; to connect directly: --proxy none',
    );
  }
  const entries = (client.resolve ?? []).map((text) => ({ text, ...parseResolve(text)! }));
  const targets = endpoints.map(parseEndpoint).filter(({ socketPath }) => socketPath === undefined);
  const isFor = (entry: ResolveEntry, hostname: string, port: number) =>
    entry.host === hostname && entry.port === port;
  const unused = entries.find((entry) => !targets.some(({ hostname, port }) => isFor(entry, hostname, port)));
  if (unused !== undefined) {
    throw inputError(
      `--resolve ${unused.text}: no --endpoint has the host ${unused.host} with port ${unused.port}`,
    );
  }
  return endpoints.map(parseEndpoint).map(({ hostname, port, socketPath }) => {
    if (socketPath !== undefined) return undefined;
    const found = entries.filter((entry) => isFor(entry, hostname, port));
    return found.length === 0 ? undefined : found.flatMap(({ addresses }) => addresses);
  });
}
