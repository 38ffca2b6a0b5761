import { BlockList, isIP } from 'node:net';
import { hostAndPort, parseEndpoint } from '../protocol/endpoint.ts';
import { NO_PROXY, normalizedProxy, PROXY_ALLOWED } from '../protocol/proxy.ts';
import { inputError } from './input-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a lower-case and an upper-case name are both set, the lower-case one counts, as in curl. */
const VARIABLES = {
  http: ['http_proxy', 'HTTP_PROXY'],
  https: ['https_proxy', 'HTTPS_PROXY'],
  none: ['no_proxy', 'NO_PROXY'],
} as const;

/**
 * The proxy of each endpoint by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as curl takes them: also to loopback addresses, unless NO_PROXY names
 * them. Undefined when no endpoint has one. Throws `InferometerError` (input) for a variable that is no proxy and would be used.
 */
export function proxiesOfEnvironment(
  endpoints: readonly string[],
  environment: Environment,
): readonly string[] | undefined {
  if ([...VARIABLES.http, ...VARIABLES.https].every((name) => !environment[name])) return undefined;
  const proxies = endpoints.map((endpoint) => proxyOf(endpoint, environment));
  return proxies.every((proxy) => proxy === NO_PROXY) ? undefined : proxies;
}

function proxyOf(url: string, environment: Environment): string {
  const { tls, hostname, port, socketPath } = parseEndpoint(url);
  const name = VARIABLES[tls ? 'https' : 'http'].find((one) => environment[one]);
  if (name === undefined || socketPath !== undefined) return NO_PROXY;
  const exempt = environment[VARIABLES.none.find((one) => environment[one]) ?? ''] ?? '';
  if (isExempt(hostname, port, exempt)) return NO_PROXY;
  const proxy = normalizedProxy(environment[name]!);
  if (proxy !== undefined) return proxy;
  throw inputError(
    `${name} must be ${PROXY_ALLOWED.replace(' or none', '')} (its value is not shown: it may have a password); ` +
      `unset it, or use --proxy none to connect directly`,
  );
}

/** Whether a list such as `localhost,.example.com,10.0.0.0/8,host:8000` names a host, a domain above it, its address or its network. */
export function isExempt(hostname: string, port: number, list: string): boolean {
  const host = hostname.toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && names(entry, host, port));
}

function names(entry: string, host: string, port: number): boolean {
  if (entry === '*' || entry === host || entry === `[${host}]` || entry === hostAndPort(host, port))
    return true;
  if (isIP(host) !== 0) return isInNetwork(entry, host);
  const [, domain, itsPort] = /^\.?([^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (!domain || (itsPort !== undefined && Number(itsPort) !== port)) return false;
  return host === domain || host.endsWith(`.${domain}`);
}

function isInNetwork(entry: string, address: string): boolean {
  const [network, bits] = entry.split('/');
  const family = isIP(network!);
  if (bits === undefined || family === 0 || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const names = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network!, Number(bits), names);
  return isIP(address) === family && list.check(address, names);
}
