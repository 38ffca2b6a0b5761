import { BlockList, isIP } from 'node:net';
import type { Log } from '../../core/log.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import type { Proxy } from '../../protocol/proxy.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Says which endpoints are reached through a proxy: a proxy of the environment is easily forgotten. */
export function tellProxies(
  endpoints: readonly Endpoint[],
  proxies: readonly (Proxy | undefined)[],
  log: Log,
): void {
  const told = new Set<string>();
  for (const [index, endpoint] of endpoints.entries()) {
    const proxy = proxies[index];
    if (proxy === undefined || told.has(endpoint.url + proxy.url)) continue;
    told.add(endpoint.url + proxy.url);
    const text = `requests to ${endpoint.url} go through the proxy ${proxy.url}`;
    if (isLoopback(endpoint.hostname)) {
      log.warning(
        `${text}, for which ${endpoint.hostname} is its own machine; to connect directly: --proxy none, or NO_PROXY=${endpoint.hostname}`,
      );
    } else log.info(text);
  }
}

function isLoopback(hostname: string): boolean {
  const family = isIP(hostname);
  if (family === 0) return /^(?:.*\.)?localhost$/.test(hostname);
  return LOOPBACK.check(hostname, family === 4 ? 'ipv4' : 'ipv6');
}
