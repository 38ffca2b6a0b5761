import type { ServerFigures, ServerSample, Total } from './server-sample.ts';

/** What all servers together told at a moment; null for what nobody told. Times in ms, of what happened since the look before. */
export interface ServerMoment {
  readonly running: number | null;
  readonly waiting: number | null;
  readonly kv_use: number | null;
  readonly prefix_share: number | null;
  readonly acceptance: number | null;
  readonly preemptions: number | null;
  readonly ttft_ms: number | null;
  readonly queue_ms: number | null;
  /** Up to the first token, or what a server tells instead: comparable over one run only. */
  readonly compute_ms: number | null;
}

/** How the looks at one server went; in the extras of a snapshot as `server_metrics`, a list. */
export interface ServerFacts {
  readonly url: string;
  readonly server: string | null;
  readonly looks: number;
  readonly failures: number;
  readonly last_failure: string | null;
  /** Of TTFT by the server, between its first answer and its last: upper ends in ms, null for no end, and how many were not above each. */
  readonly ttft_buckets: readonly (readonly [le_ms: number | null, count: number])[];
}

interface Watched {
  looks: number;
  failures: number;
  lastFailure: string | null;
  first: ServerFigures | undefined;
  latest: ServerFigures | undefined;
}

/** Folds the looks at servers, in order, into moments and facts. */
export class ServerHistory {
  readonly #servers = new Map<string, Watched>();

  get isEmpty(): boolean {
    return this.#servers.size === 0;
  }

  /** What is known once this look is; undefined for one that failed. */
  fold({ url, figures, failure }: ServerSample): ServerMoment | undefined {
    const watched = this.#watched(url);
    watched.looks += 1;
    if (figures === null) {
      watched.failures += 1;
      watched.lastFailure = failure;
      return undefined;
    }
    const before = watched.latest;
    watched.latest = figures;
    watched.first ??= figures;
    const latest = [...this.#servers.values()].flatMap((server) => server.latest ?? []);
    const ttftMs = meanMs(before?.ttft, figures.ttft);
    const queueMs = meanMs(before?.queue, figures.queue);
    return {
      running: sum(latest.map(({ running }) => running)),
      waiting: sum(latest.map(({ waiting }) => waiting)),
      kv_use: most(latest.map(({ kv_use: use }) => use)),
      prefix_share: figures.prefix_share ?? share(before?.prefix, figures.prefix),
      acceptance: figures.acceptance ?? share(before?.speculation, figures.speculation),
      preemptions: increase(before?.preemptions, figures.preemptions),
      ttft_ms: ttftMs,
      queue_ms: queueMs,
      compute_ms:
        meanMs(before?.compute, figures.compute) ??
        (figures.compute === null && ttftMs !== null && queueMs !== null
          ? Math.max(0, ttftMs - queueMs)
          : null),
    };
  }

  facts(): readonly ServerFacts[] {
    return [...this.#servers].map(([url, { looks, failures, lastFailure, first, latest }]) => ({
      ...{ url, server: latest?.server ?? null, looks, failures, last_failure: lastFailure },
      ttft_buckets: (latest?.ttft_buckets ?? []).map(([le, count], i) => {
        const before = first?.ttft_buckets[i]?.[1] ?? 0;
        return [le === null ? null : le * 1000, Math.max(0, count - before)] as const;
      }),
    }));
  }

  #watched(url: string): Watched {
    let watched = this.#servers.get(url);
    if (watched === undefined) {
      watched = { looks: 0, failures: 0, lastFailure: null, first: undefined, latest: undefined };
      this.#servers.set(url, watched);
    }
    return watched;
  }
}

/** Null without a look before, where nothing happened since, and where the server was started anew. */
function ratio(before: Total | null | undefined, now: Total | null): number | null {
  if (!before || now === null || !(now.count > before.count)) return null;
  return Math.max(0, now.sum - before.sum) / (now.count - before.count);
}

const share = ratio;

function meanMs(before: Total | null | undefined, now: Total | null): number | null {
  const seconds = ratio(before, now);
  return seconds === null ? null : seconds * 1000;
}

function increase(before: number | null | undefined, now: number | null): number | null {
  return now === null || before === null || before === undefined ? null : Math.max(0, now - before);
}

function sum(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length === 0 ? null : told.reduce((total, value) => total + value, 0);
}

function most(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length === 0 ? null : Math.max(...told);
}
