import type { LiveUpdate } from '../live/live-update.ts';

/** A viewer's page reconnects after this time when the server is gone. */
const RETRY_MS = 1000;
const HEARTBEAT_MS = 15_000;

const PREAMBLE = encode(`retry: ${RETRY_MS}\n\n`);
const HEARTBEAT = encode(': still here\n\n');

/** What a viewer waits for: to be woken by the next update, a heartbeat or the end. */
interface Viewer {
  wake: ((why: 'update' | 'heartbeat') => void) | undefined;
}

/**
 * The live run as server-sent events for any number of viewers.
 *
 * A viewer is given the newest update whenever it can take one: one that is slow skips what came between, nothing queues for it. The
 * history, by far the largest part, goes to a viewer only when it is newer than the one that viewer has. An update is encoded at
 * most twice, with the history and without, and only when somebody looks.
 */
export class LiveChannel {
  readonly #viewers = new Set<Viewer>();
  readonly #heartbeat = setInterval(() => this.#wake('heartbeat'), HEARTBEAT_MS).unref();
  #latest: LiveUpdate | undefined;
  /** Count updates and, of these, those that brought another history. */
  #sequence = 0;
  #historyVersion = 0;
  #encoded: { whole?: Uint8Array; brief?: Uint8Array } = {};
  #isClosed = false;

  /** All that is known now; undefined before the first update. */
  get latest(): LiveUpdate | undefined {
    return this.#latest;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Takes the next state of the run, whole, as {@link latest} will give it, and whether the history is another one. */
  push(latest: LiveUpdate, isHistoryNew: boolean): void {
    if (isHistoryNew) this.#historyVersion += 1;
    this.#latest = latest;
    this.#sequence += 1;
    this.#encoded = {};
    this.#wake('update');
  }

  /** The events for one viewer, from the state of now on, until it leaves or the channel is closed. */
  open(): ReadableStream<Uint8Array> {
    const viewer: Viewer = { wake: undefined };
    this.#viewers.add(viewer);
    let isGreeted = false;
    let sequence = 0;
    let historyVersion = 0;
    return new ReadableStream<Uint8Array>(
      {
        // Called when the last event is on its way: the point at which a slow viewer skips.
        pull: async (controller) => {
          if (!isGreeted) {
            isGreeted = true;
            controller.enqueue(PREAMBLE);
            return;
          }
          if (sequence === this.#sequence && !this.#isClosed) {
            const why = await new Promise<'update' | 'heartbeat'>((wake) => (viewer.wake = wake));
            viewer.wake = undefined;
            if (why === 'heartbeat') {
              controller.enqueue(HEARTBEAT);
              return;
            }
          }
          // The last state of a run is shown even when the channel closes right after.
          if (sequence === this.#sequence) {
            if (this.#isClosed) controller.close();
            return;
          }
          const event = this.#event(historyVersion !== this.#historyVersion);
          sequence = this.#sequence;
          historyVersion = this.#historyVersion;
          controller.enqueue(event);
        },
        cancel: () => {
          this.#viewers.delete(viewer);
          viewer.wake?.('update');
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Ends the events of every viewer. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.#wake('update');
    this.#viewers.clear();
  }

  #event(whole: boolean): Uint8Array {
    const { view, verdict } = this.#latest!;
    if (whole) return (this.#encoded.whole ??= this.#encode(this.#latest!));
    return (this.#encoded.brief ??= this.#encode({ view, verdict }));
  }

  #encode({ view, ...rest }: Partial<LiveUpdate> & Pick<LiveUpdate, 'view'>): Uint8Array {
    // A terminal's spark line; a page draws from the history.
    const data = { view: { ...view, endedPerSecondHistory: [] }, ...rest };
    return encode(`id: ${this.#sequence}\nevent: update\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #wake(why: 'update' | 'heartbeat'): void {
    for (const { wake } of this.#viewers) wake?.(why);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
