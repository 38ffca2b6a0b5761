import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { type AddressInfo, createServer, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { errorText, InferometerError } from '../../core/errors.ts';
import { checkSocketKey, createSocketKey } from '../../transport/zmq/socket-key.ts';

/** Where a run publishes its snapshots beside its private socket, so that it can be watched from elsewhere. */
export interface ViewPlace {
  /** What is bound: a numeric host and a port that was free just now. */
  readonly address: string;
  /** What a watcher connects to. */
  readonly watchAddress: string;
  /** Asked of each watcher; undefined for none, on the loopback only. */
  readonly key: string | undefined;
  /** The key was generated here, and nobody else knows it yet. */
  readonly isKeyNew: boolean;
}

const ANY_HOSTS: readonly string[] = ['0.0.0.0', '::'];

/**
 * Makes sure of the place that `tcp://<host>:<port>` names; port 0 takes a free one, and the aggregator of the run keeps it when it is
 * restarted. An address beyond the loopback always has a key: the one given, else a new one. Throws `INFEROMETER_VIEW_ADDRESS`
 * (input) for an address nobody can listen at, and for a key that is none.
 */
export async function openViewPlace(
  address: string,
  givenKey: string | undefined,
  flag = '--view-address',
): Promise<ViewPlace> {
  const match = /^tcp:\/\/(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || Number(match![3]) > 65_535) {
    throw unusable(flag, address, 'must be tcp://<host>:<port> with a port up to 65535');
  }
  const ip = host === '*' ? '0.0.0.0' : await numericHost(flag, address, host);
  const port = await freePort(flag, address, ip, Number(match![3]));
  const key = givenKey === undefined ? undefined : checkSocketKey(givenKey);
  const shownHost = ANY_HOSTS.includes(ip) ? hostname() : host;
  const isKeyNew = key === undefined && !isLoopback(ip);
  return {
    address: tcpAddress(ip, port),
    watchAddress: tcpAddress(shownHost, port),
    key: isKeyNew ? createSocketKey() : key,
    isKeyNew,
  };
}

/** How to watch a run there, and who can. */
export function viewPlaceText({ watchAddress, key, isKeyNew }: ViewPlace): string {
  const command = `inferometer watch ${watchAddress}`;
  if (key === undefined) return `watch it from this machine: ${command}`;
  return isKeyNew
    ? `watch it from any machine, with this key: ${command} --key ${key}`
    : `watch it from any machine that has the same INFEROMETER_VIEW_KEY: ${command}`;
}

async function numericHost(flag: string, address: string, host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw unusable(flag, address, 'must be an address of this machine', error);
  }
}

/** The port, or a free one for 0. Better refused before the run than missed in it. */
async function freePort(flag: string, address: string, host: string, port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw unusable(flag, address, 'must be a free port at an address of this machine', error);
  }
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

function tcpAddress(host: string, port: number): string {
  return `tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function unusable(flag: string, address: string, rule: string, error?: unknown): InferometerError {
  const why = error === undefined ? '' : `: ${errorText(error)}`;
  return new InferometerError(
    'INFEROMETER_VIEW_ADDRESS',
    'input',
    `${flag} ${rule} (got "${address}"${why})`,
  );
}
