import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferometerError } from '../../core/errors.ts';

/** Longest path of a Unix socket: `sun_path` of Linux without its NUL, in bytes. */
export const MAX_SOCKET_PATH_BYTES = 107;

const SHARED_MEMORY = '/dev/shm';
const IPC = 'ipc://';
const TCP = 'tcp://';

/** A private place for the sockets of one run. */
export interface SocketDirectory {
  readonly path: string;
  /** An address nobody uses: `ipc://<path>/<name>_<8 hex>`. Throws when it is too long for a socket. */
  freshAddress(name: string): string;
  /** Removes the directory and what is left in it. */
  remove(): Promise<void>;
}

/**
 * Makes a directory that only this user may enter (0700), `prefix` and six letters, under `parent`: by default /dev/shm where that
 * exists, else the system's temporary directory.
 */
export async function createSocketDirectory(
  parent = defaultSocketParent(),
  prefix = 'inferometer-',
): Promise<SocketDirectory> {
  let path: string;
  try {
    path = await mkdtemp(join(parent, prefix));
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_TRANSPORT_SOCKET_DIRECTORY',
      'setup',
      `cannot make a directory for sockets in ${parent}`,
      { cause: error },
    );
  }
  return {
    path,
    freshAddress: (name) => checkAddress(IPC + join(path, `${name}_${randomBytes(4).toString('hex')}`)),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/**
 * Returns `address` when a socket can have it: `ipc://<path>` of at most {@link MAX_SOCKET_PATH_BYTES}, or
 * `tcp://<host>:<port>` (port 0 or `*`: any free one, when binding). Throws `INFEROMETER_TRANSPORT_ADDRESS` otherwise.
 */
export function checkAddress(address: string): string {
  if (address.startsWith(IPC)) {
    const bytes = Buffer.byteLength(address.slice(IPC.length));
    if (bytes === 0) throw badAddress(`${address} has no path`);
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      throw badAddress(
        `socket path of ${bytes} bytes, at most ${MAX_SOCKET_PATH_BYTES} are possible: ` +
          `${address.slice(IPC.length)}; use a shorter directory or tcp`,
      );
    }
    return address;
  }
  if (!address.startsWith(TCP))
    throw badAddress(`the address must be ipc://<path> or tcp://<host>:<port> (got "${address}")`);
  if (!/^tcp:\/\/.+:(\d{1,5}|\*)$/.test(address)) {
    throw badAddress(`the address must be tcp://<host>:<port> (got "${address}")`);
  }
  return address;
}

/** Whether a TCP address is one of IPv6, such as `tcp://[::1]:5555`. */
export function isIpv6(address: string): boolean {
  return address.startsWith(`${TCP}[`);
}

/** Where to listen for a TCP address; undefined for another one. `*` is any host, or any free port (0). */
export function tcpPlace(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^tcp:\/\/\[?(.+?)\]?:(\d{1,5}|\*)$/.exec(address) ?? [];
  if (host === undefined) return undefined;
  return { host: host === '*' ? '0.0.0.0' : host, port: port === '*' ? 0 : Number(port) };
}

/** The socket file behind an address, or `undefined` for TCP. */
export function socketPath(address: string): string | undefined {
  return address.startsWith(IPC) ? address.slice(IPC.length) : undefined;
}

/** Where directories for sockets are made. */
export function defaultSocketParent(): string {
  return existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
}

function badAddress(message: string): InferometerError {
  return new InferometerError('INFEROMETER_TRANSPORT_ADDRESS', 'setup', message);
}
