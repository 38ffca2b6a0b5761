import { isUnixSocket } from '../protocol/endpoint.ts';
import { NO_PROXY, parseProxy, type Proxy } from '../protocol/proxy.ts';
import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';

/** The flags that say how TLS is spoken, by where their values are. */
const TLS_FLAGS = {
  ca_file: '--ca',
  cert_file: '--cert',
  key_file: '--key',
  server_name: '--server-name',
} as const;

/** Rules for the settings of connections. Throws `InferometerError` (input). */
export function checkConnections({ endpoints, client }: RunConfig): void {
  if (client.connections === 'new' && client.requests_per_connection !== undefined) {
    throw inputError('--requests-per-connection is only for --connections reuse (got new)');
  }
  const { proxies } = client;
  if (proxies !== undefined && proxies.length > 1 && proxies.length !== endpoints.length) {
    throw inputError(
      `--proxy is given once for all, or once for each --endpoint (got ${proxies.length} for ${endpoints.length})`,
    );
  }
  checkTls(client, endpoints.some(isHttps));
}

function checkTls(client: RunConfig['client'], hasHttps: boolean): void {
  const given = Object.keys(TLS_FLAGS).find((key) => client[key as keyof typeof TLS_FLAGS] !== undefined);
  if (given !== undefined && !hasHttps) {
    throw inputError(`${TLS_FLAGS[given as keyof typeof TLS_FLAGS]} is only for https:// endpoints`);
  }
  if (client.ca_file !== undefined && !client.tls_verify) {
    throw inputError('--ca sets which certificates to trust, and --insecure accepts any; use one of them');
  }
  if (client.key_file !== undefined && client.cert_file === undefined) {
    throw inputError('--key needs --cert, the certificate that it belongs to');
  }
}

function isHttps(url: string): boolean {
  return /^https:/i.test(url);
}

/** The proxy of each endpoint; undefined for none. */
export function proxyOfEach({ endpoints, client }: RunConfig): readonly (Proxy | undefined)[] {
  const { proxies } = client;
  return endpoints.map((endpoint, index) => {
    const proxy = proxies?.length === 1 ? proxies[0] : proxies?.[index];
    return proxy === undefined || proxy === NO_PROXY || isUnixSocket(endpoint)
      ? undefined
      : parseProxy(proxy);
  });
}
