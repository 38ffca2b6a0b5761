import type { ConnectionStage, ConnectionTimes } from '../core/connection-stages.ts';
import { NS_PER_MS } from '../core/time.ts';

/** How long the stages of a worker's connections took, since the last look. Only called when a connection is opened, and for its first request. */
export class ConnectionTimer {
  #times: Partial<Record<ConnectionStage, number[]>> = {};

  /** One that took so long, ms; 8 bytes until it is taken. */
  add(stage: ConnectionStage, tookMs: number): void {
    (this.#times[stage] ??= []).push(Math.round(tookMs * NS_PER_MS));
  }

  take(): ConnectionTimes {
    const times = this.#times;
    this.#times = {};
    return times;
  }
}
