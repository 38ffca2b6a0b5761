import { countedText } from '../../core/quantity-text.ts';
import type { Log } from '../../core/log.ts';
import type { ConnectionState } from '../../transport/zmq/subscriber.ts';

/** What is known of one publisher. */
interface Presence {
  readonly address: string;
  isConnected: boolean;
  wasConnected: boolean;
  /** Since when it is away. */
  awayMs: number;
  isLost: boolean;
}

export interface PublishersOptions {
  readonly addresses: readonly string[];
  /** How long one may be away; 0 = for ever. */
  readonly waitMs: number;
  /** Whether one has nothing more to say, and may go. */
  readonly hasEnded: (publisher: number) => boolean;
  /** It came back: what it published meanwhile is missing. */
  readonly onReconnected: (publisher: number) => void;
  /** It was away for too long. */
  readonly onLost: (publisher: number) => void;
  readonly log: Log;
}

const LOOK_INTERVAL_MS = 100;
/** Connecting again after a moment is told only where it took longer than that. */
const TOLD_AFTER_MS = 1000;

/** Who of the publishers is there, and for how long one has been away. */
export class Publishers {
  readonly #options: PublishersOptions;
  readonly #presences: Presence[];
  readonly #timer: NodeJS.Timeout;
  readonly #firstConnections = new Set<() => void>();

  constructor(options: PublishersOptions) {
    const awayMs = performance.now();
    this.#options = options;
    this.#presences = options.addresses.map((address) => ({
      ...{ address, awayMs },
      ...{ isConnected: false, wasConnected: false, isLost: false },
    }));
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
  }

  /** Nobody is left to wait for. */
  get areAllGone(): boolean {
    const { hasEnded } = this.#options;
    return this.#presences.every(({ isLost }, publisher) => isLost || hasEnded(publisher));
  }

  /** A publisher's connection has changed. */
  on(publisher: number, state: ConnectionState): void {
    const { log, onReconnected, hasEnded } = this.#options;
    const presence = this.#presences[publisher]!;
    if (state === 'refused') {
      log.warning(`${presence.address}: what listens there does not let us subscribe`);
      return;
    }
    if (state === 'connected') {
      if (presence.isConnected) return;
      presence.isConnected = true;
      if (presence.wasConnected && !hasEnded(publisher)) {
        onReconnected(publisher);
        log.warning(`${presence.address}: is back; what it published meanwhile is missing`);
      } else if (!presence.wasConnected) log.info(`${presence.address}: connected`);
      presence.wasConnected = true;
      for (const tell of this.#firstConnections) tell();
      return;
    }
    if (!presence.isConnected) return;
    presence.isConnected = false;
    presence.awayMs = performance.now();
    setTimeout(() => this.#tellAway(presence, publisher), TOLD_AFTER_MS).unref();
  }

  /** Resolves once all are connected, or after `mostMs`. */
  async connected(mostMs: number): Promise<void> {
    const areThere = () => this.#presences.every(({ wasConnected }) => wasConnected);
    if (areThere()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#firstConnections.add(() => {
        if (!areThere()) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tellAway({ address, isConnected }: Presence, publisher: number): void {
    const { waitMs, hasEnded, log } = this.#options;
    if (isConnected || hasEnded(publisher)) return;
    const patience =
      waitMs === 0 ? 'waiting for it' : `waiting for it for ${countedText(waitMs / 1000, 'second')}`;
    log.warning(`${address}: went away before its session ended; ${patience}`);
  }

  #look(): void {
    const { waitMs, hasEnded, onLost } = this.#options;
    if (waitMs === 0) return;
    for (const [publisher, presence] of this.#presences.entries()) {
      if (presence.isConnected || presence.isLost || hasEnded(publisher)) continue;
      if (performance.now() - presence.awayMs < waitMs) continue;
      presence.isLost = true;
      onLost(publisher);
    }
  }
}
