import { readFile } from 'node:fs/promises';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Authenticator, NatsConnection } from '@nats-io/transport-node';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { redactUrls } from '../../core/redact-url.ts';
import type { NatsOptions } from './nats-options.ts';

/** A connection to NATS that comes back by itself. What uses it is loaded here and nowhere earlier. */
export interface NatsPlace {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Where it is, without a password. */
  readonly address: string;
  /** Since when it is connected, by `performance.now()`; undefined while it is not. */
  readonly connectedSinceMs: number | undefined;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
const RECONNECT_WAIT_MS = 250;

/** Throws `INFEROMETER_NATS_CONNECT` (setup) where there is no NATS with JetStream, or it does not let us in. */
export async function openNats(options: NatsOptions, name: string, log: Log): Promise<NatsPlace> {
  const { urls } = options;
  const address = urls.map((url) => redactUrls(url)).join(', ');
  const [{ connect }, { jetstream, jetstreamManager }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
  ]);
  const { authenticator, tls } = await credentialsOf(options);
  try {
    const connection = await connect({
      // Without user and password: the client takes the port from the first colon.
      ...{ servers: urls.map((url) => new URL(url).host), name, timeout: CONNECT_TIMEOUT_MS },
      ...{ maxReconnectAttempts: -1, reconnectTimeWait: RECONNECT_WAIT_MS },
      ...(authenticator === undefined ? {} : { authenticator }),
      ...(tls === undefined ? {} : { tls }),
    });
    const state = { sinceMs: performance.now() as number | undefined };
    void follow(connection, state, address, log);
    try {
      const manager = await jetstreamManager(connection);
      return {
        ...{ connection, manager, js: jetstream(connection), address },
        get connectedSinceMs() {
          return state.sinceMs;
        },
        close: () => connection.close(),
      };
    } catch (error) {
      await connection.close();
      throw new Error(`it has no JetStream for this user (${errorText(error)}); start nats-server with -js`, {
        cause: error,
      });
    }
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_NATS_CONNECT',
      'setup',
      `--nats ${address}: ${errorText(error)}`,
      {
        cause: error,
      },
    );
  }
}

async function follow(
  connection: NatsConnection,
  state: { sinceMs: number | undefined },
  address: string,
  log: Log,
): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect') {
      state.sinceMs = undefined;
      log.warning(`the connection to NATS at ${address} is gone; trying to connect again`);
    } else if (type === 'reconnect') {
      state.sinceMs = performance.now();
      log.info(`connected to NATS at ${address} again`);
    }
  }
}

interface Credentials {
  readonly authenticator: Authenticator | undefined;
  readonly tls:
    { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string } | undefined;
}

async function credentialsOf(options: NatsOptions): Promise<Credentials> {
  const { urls, credsPath, nkeyPath, tlsCaPath, tlsCertPath, tlsKeyPath } = options;
  const { credsAuthenticator, nkeyAuthenticator, tokenAuthenticator, usernamePasswordAuthenticator } =
    await import('@nats-io/transport-node');
  const { username, password } = new URL(urls[0]!);
  const authenticator =
    credsPath !== undefined
      ? credsAuthenticator(await readSecret('--nats-creds', credsPath))
      : nkeyPath !== undefined
        ? nkeyAuthenticator(await readSecret('--nats-nkey', nkeyPath))
        : username === ''
          ? undefined
          : password === ''
            ? tokenAuthenticator(decodeURIComponent(username))
            : usernamePasswordAuthenticator(decodeURIComponent(username), decodeURIComponent(password));
  const isTls = urls.some((url) => url.startsWith('tls:'));
  const files = {
    ...(tlsCaPath === undefined ? {} : { caFile: tlsCaPath }),
    ...(tlsCertPath === undefined ? {} : { certFile: tlsCertPath }),
    ...(tlsKeyPath === undefined ? {} : { keyFile: tlsKeyPath }),
  };
  return { authenticator, tls: isTls || Object.keys(files).length > 0 ? files : undefined };
}

async function readSecret(flag: string, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_NATS_CREDENTIALS',
      'input',
      `${flag} ${path}: ${errorText(error)}`,
      {
        cause: error,
      },
    );
  }
}
