import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { waitFor } from '../process/program.ts';

/** The program: what INFEROMETER_NATS_SERVER names, else `nats-server` on the PATH; undefined where there is none. */
export const NATS_SERVER = process.env.INFEROMETER_NATS_SERVER ?? onPath('nats-server');
/** Behind the names of tests that need it and can't run: why. */
export const WITHOUT_NATS =
  NATS_SERVER === undefined
    ? ' (nats-server is not installed, as by apt install nats-server, and INFEROMETER_NATS_SERVER names none)'
    : '';

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A NATS server with JetStream on a free port of the loopback, with a store of its own. */
export class NatsServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'inferometer-nats-'));
  readonly #more: readonly string[];
  #port = -1;
  #child: ChildProcess | undefined;

  private constructor(more: readonly string[]) {
    this.#more = more;
  }

  static async start(...more: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(more);
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Starts it, with the port and the store that it had. */
  async restart(): Promise<void> {
    const ports = mkdtempSync(join(this.#folder, 'ports-'));
    const place = ['-a', '127.0.0.1', '-p', String(this.#port), '--ports_file_dir', ports];
    this.#child = spawn(NATS_SERVER!, ['-js', '-sd', join(this.#folder, 'store'), ...place, ...this.#more], {
      stdio: 'ignore',
    });
    const url = await waitFor(() => urlIn(ports), 'NATS server');
    this.#port = Number(new URL(url).port);
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function urlIn(folder: string): string | undefined {
  const [name] = readdirSync(folder);
  if (name === undefined) return undefined;
  try {
    const { nats } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { nats?: readonly string[] };
    return nats?.[0];
  } catch {
    return undefined;
  }
}
