import { setTimeout as sleep } from 'node:timers/promises';
import { aggregatorPid } from '../program.ts';

/**
 * Kills of the aggregator, as parts of the soak: all in its first half, so that in the other one its memory is that of one process. A run
 * starts it again five times at most.
 */
const KILLS_AT = [0.1, 0.2, 0.3, 0.4] as const;
/** Stops of the aggregator and of the whole load generator, evenly over the soak. */
const AGGREGATOR_STOPS = 30;
const MAIN_STOPS = 15;
const AGGREGATOR_STOP_MS = 3000;
const MAIN_STOP_MS = 1000;
/** How long the viewer stands still, and then looks. */
const VIEWER_STOP_MS = 20_000;
const VIEWER_LOOK_MS = 5000;
/** A shorter soak has fewer kills: they are at least so far apart. */
const KILL_GAP_MS = 10_000;

export interface ChaosTargets {
  readonly run: string;
  readonly mainPid: number;
  readonly viewerPid: number;
  readonly durationMs: number;
}

export interface ChaosCounts {
  readonly kills: number;
  readonly aggregatorStops: number;
  readonly mainStops: number;
  readonly viewerStops: number;
}

/** Hits the processes of a run until it is told to stop; then all of them go on. */
export class Chaos {
  readonly #targets: ChaosTargets;
  readonly #ending = new AbortController();
  readonly #parts: readonly Promise<void>[];
  readonly #counts = { kills: 0, aggregatorStops: 0, mainStops: 0, viewerStops: 0 };

  constructor(targets: ChaosTargets) {
    this.#targets = targets;
    this.#parts = [this.#kill(), this.#stopAggregator(), this.#stopMain(), this.#stopViewer()];
  }

  async stop(): Promise<ChaosCounts> {
    this.#ending.abort();
    await Promise.all(this.#parts);
    return this.#counts;
  }

  async #kill(): Promise<void> {
    const { durationMs, run } = this.#targets;
    let atMs = 0;
    for (const part of KILLS_AT) {
      const nextMs = Math.max(part * durationMs, atMs + KILL_GAP_MS);
      if (nextMs > durationMs / 2 || !(await this.#pause(nextMs - atMs))) return;
      atMs = nextMs;
      if (strike(aggregatorPid(run), 'SIGKILL')) this.#counts.kills += 1;
    }
  }

  async #stopAggregator(): Promise<void> {
    const { durationMs, run } = this.#targets;
    while (await this.#pause(durationMs / AGGREGATOR_STOPS)) {
      if (await this.#standStill(aggregatorPid(run), AGGREGATOR_STOP_MS)) this.#counts.aggregatorStops += 1;
    }
  }

  async #stopMain(): Promise<void> {
    const { durationMs, mainPid } = this.#targets;
    while (await this.#pause(durationMs / MAIN_STOPS)) {
      if (await this.#standStill(mainPid, MAIN_STOP_MS)) this.#counts.mainStops += 1;
    }
  }

  async #stopViewer(): Promise<void> {
    do {
      if (await this.#standStill(this.#targets.viewerPid, VIEWER_STOP_MS)) this.#counts.viewerStops += 1;
    } while (await this.#pause(VIEWER_LOOK_MS));
  }

  /** Whether there was a process to stop. */
  async #standStill(pid: number | undefined, ms: number): Promise<boolean> {
    if (!strike(pid, 'SIGSTOP')) return false;
    await this.#pause(ms);
    strike(pid, 'SIGCONT');
    return true;
  }

  /** False when the chaos is over. */
  async #pause(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    return !this.#ending.signal.aborted;
  }
}

function strike(pid: number | undefined, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended.
    return false;
  }
}
