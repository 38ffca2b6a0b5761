import type { LiveUpdate } from '../../live/live-update.ts';

export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export interface LiveSourceListener {
  update(update: LiveUpdate): void;
  connection(state: Connection): void;
}

const RETRY_MS = 1500;

/**
 * Follows the live run by server-sent events and comes back by itself, whether the connection broke or the server was started anew.
 * Each event brings all that changed; what it lacks stays as it was.
 */
export class LiveSource {
  readonly #listener: LiveSourceListener;
  #events: EventSource | undefined;
  #latest: LiveUpdate | undefined;

  constructor(listener: LiveSourceListener) {
    this.#listener = listener;
    this.#connect();
  }

  get latest(): LiveUpdate | undefined {
    return this.#latest;
  }

  #connect(): void {
    const events = new EventSource('/api/live/events');
    this.#events = events;
    events.addEventListener('open', () => this.#listener.connection('open'));
    events.addEventListener('update', ({ data }: MessageEvent<string>) => this.#receive(data));
    events.addEventListener('error', () => void this.#lost(events));
  }

  #receive(data: string): void {
    const event = JSON.parse(data) as Partial<LiveUpdate> & Pick<LiveUpdate, 'view'>;
    const isSameRun = event.view.runId === this.#latest?.view.runId;
    this.#latest = {
      view: event.view,
      verdict: event.verdict,
      history: event.history ?? (isSameRun ? this.#latest?.history : undefined),
      distributions: event.distributions ?? (isSameRun ? (this.#latest?.distributions ?? {}) : {}),
    };
    this.#listener.update(this.#latest);
  }

  async #lost(events: EventSource): Promise<void> {
    // The browser retries a broken connection; it gives up on an answer it does not like.
    if (events.readyState !== EventSource.CLOSED || events !== this.#events) {
      this.#listener.connection('lost');
      return;
    }
    const answer = await fetch('/api/about').catch(() => undefined);
    this.#listener.connection(answer?.status === 401 ? 'refused' : 'lost');
    setTimeout(() => this.#connect(), RETRY_MS);
  }
}
