import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XPublisher } from 'zeromq';

/** What the reference put on its bus, and what its own aggregator made of that. */
export interface Recording {
  readonly streaming: boolean;
  readonly records: number;
  readonly messages: readonly Uint8Array[];
  readonly snapshot: GoldenSnapshot;
}

export interface GoldenSnapshot {
  readonly state: string;
  readonly n_pending_tasks: number;
  readonly metrics: readonly {
    readonly type: string;
    readonly name: string;
    readonly [key: string]: unknown;
  }[];
}

export const RECORDINGS = ['streaming', 'streaming-unfinished', 'whole', 'whole-one-by-one'] as const;

export function readRecording(name: (typeof RECORDINGS)[number]): Recording {
  const path = join(import.meta.dirname, '../oracles/bus', `${name}.json`);
  const { frames, final_snapshot, streaming, records } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly frames: readonly (readonly string[])[];
    readonly final_snapshot: GoldenSnapshot;
    readonly streaming: boolean;
    readonly records: number;
  };
  const messages = frames.flatMap((parts) => parts.map((hex) => Buffer.from(hex, 'hex')));
  return { streaming, records, messages, snapshot: final_snapshot };
}

/** A publisher as the reference's, which plays messages to whoever has subscribed. */
export class EventPlayer {
  readonly address: string;
  readonly #socket: XPublisher;

  private constructor(socket: XPublisher) {
    this.#socket = socket;
    this.address = socket.lastEndpoint!;
  }

  static async bind(address: string): Promise<EventPlayer> {
    // Nothing is dropped for a subscriber that is slow.
    const socket = new XPublisher({ sendHighWaterMark: 0, linger: 5000, verbosity: 'allSubs' });
    await socket.bind(address);
    return new EventPlayer(socket);
  }

  /** Waits until somebody has subscribed since the last call. */
  async waitForSubscriber(): Promise<void> {
    for (;;) {
      const [subscription] = await this.#socket.receive();
      if (subscription?.[0] === 1) return;
    }
  }

  async play(messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) await this.#socket.send(message);
  }

  close(): void {
    this.#socket.close();
  }
}
