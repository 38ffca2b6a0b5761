import { decode, encode } from '@msgpack/msgpack';
import { Pull, Push } from 'zeromq';
import { InferometerError } from '../../core/errors.ts';
import { checkAddress, socketPath } from './address.ts';
import { HANDSHAKE_MS, MAX_READY_MESSAGE_BYTES } from './socket-limits.ts';
import { rm } from 'node:fs/promises';

const SEND_TIMEOUT_MS = 5000;
const LIMITS = { maxMessageSize: MAX_READY_MESSAGE_BYTES, handshakeInterval: HANDSHAKE_MS };

/** Opens the place where services report that they are ready; start them afterwards. */
export async function bindReadyHost(address: string): Promise<ReadyHost> {
  checkAddress(address);
  const socket = new Pull({ linger: 0, ...LIMITS });
  await socket.bind(address.replace(/^(tcp:.*):0$/, '$1:*'));
  return new ReadyHost(socket);
}

/** Waits for services. Made by {@link bindReadyHost}. */
export class ReadyHost {
  /** Where services send to. */
  readonly address: string;
  readonly #socket: Pull;
  readonly #ids: number[] = [];

  /** @internal */
  constructor(socket: Pull) {
    this.address = socket.lastEndpoint ?? '';
    this.#socket = socket;
  }

  /**
   * Waits until `count` services have reported, `timeoutMs` in all, and closes. Returns their ids in order of arrival,
   * duplicates included.
   *
   * Throws `INFEROMETER_TRANSPORT_NOT_READY` when time is up; the socket then stays, and another call goes on with those
   * that reported meanwhile. Any other failure closes it.
   */
  async waitForReady(count: number, timeoutMs: number): Promise<readonly number[]> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#ids.length < count) {
      const leftMs = Math.ceil(deadlineMs - performance.now());
      const id = leftMs > 0 ? await this.#receive(leftMs) : undefined;
      if (id === undefined) throw this.#notReady(count, timeoutMs);
      this.#ids.push(id);
    }
    await this.close();
    return this.#ids;
  }

  /** Ends a wait in progress with an error. Idempotent. */
  async close(): Promise<void> {
    this.#socket.close();
    const path = socketPath(this.address);
    if (path !== undefined) await rm(path, { force: true });
  }

  /** The next id, or `undefined` when none came in time. */
  async #receive(timeoutMs: number): Promise<number | undefined> {
    try {
      this.#socket.receiveTimeout = timeoutMs;
      const [message] = await this.#socket.receive();
      return idOf(message);
    } catch (error) {
      if (!this.#socket.closed && (error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
      await this.close();
      throw error;
    }
  }

  #notReady(count: number, timeoutMs: number): InferometerError {
    return new InferometerError(
      'INFEROMETER_TRANSPORT_NOT_READY',
      'setup',
      `${this.#ids.length}/${count} services ready within ${timeoutMs / 1000} s`,
    );
  }
}

/**
 * Reports service `id` as ready to the host at `address`. Call it after subscribers are connected and signal handlers
 * installed. Returns when a connected host has been sent the message.
 *
 * Throws `INFEROMETER_TRANSPORT_UNHEARD` (setup) when no host could be reached within 5 s.
 */
export async function sendReady(address: string, id: number): Promise<void> {
  checkAddress(address);
  // Queued for connections only: a host that isn't there would otherwise go unnoticed, and hold up the end of this process.
  const socket = new Push({
    linger: SEND_TIMEOUT_MS,
    sendTimeout: SEND_TIMEOUT_MS,
    immediate: true,
    ...LIMITS,
  });
  try {
    socket.connect(address);
    await socket.send(encode(id));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    throw new InferometerError(
      'INFEROMETER_TRANSPORT_UNHEARD',
      'setup',
      `${address}: nobody there to report to within ${SEND_TIMEOUT_MS / 1000} s that the service is ready`,
    );
  } finally {
    socket.close();
  }
}

function idOf(message: Uint8Array | undefined): number {
  const id: unknown = message && decode(message);
  if (Number.isInteger(id)) return id as number;
  throw new InferometerError(
    'INFEROMETER_TRANSPORT_READY_MESSAGE',
    'setup',
    `a service must report its number as ready (got ${JSON.stringify(id)})`,
  );
}
