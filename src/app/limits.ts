import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { RunConfig } from '../config/schema.ts';

/** Connections kept open at most when nothing else is asked for. */
const DEFAULT_MAX_CONNECTIONS = 1024;
/** Descriptors left for files, sockets of our own and the runtime. */
const RESERVED_DESCRIPTORS = 128;

/** How many files this process may open, or `undefined` where the system does not tell. */
export function openFileLimit(): number | undefined {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}

/** Connections the engine may open: what was asked for, or the default as far as open files allow it. */
export function maxConnections(wanted: number | undefined, descriptorLimit = openFileLimit()): number {
  if (wanted !== undefined) return wanted;
  return Math.max(1, Math.min(DEFAULT_MAX_CONNECTIONS, (descriptorLimit ?? Infinity) - RESERVED_DESCRIPTORS));
}

/** Connections to open in advance in open loop, at most: servers answer within a second, or keep that many busy anyway. */
const MAX_WARM_CONNECTIONS = 256;

/** Connections worth opening before the first request is due. */
export function connectionsToWarm(config: RunConfig): number {
  const { pattern, concurrency, rate_per_second: rate } = config.load;
  const limit = maxConnections(config.client.max_connections);
  switch (pattern) {
    case 'concurrency':
      return Math.min(limit, concurrency ?? 1);
    case 'burst':
      return Math.min(limit, config.stop.samples ?? limit);
    case 'constant':
    case 'poisson':
      return Math.min(limit, MAX_WARM_CONNECTIONS, Math.ceil(rate ?? 1));
  }
}

/** Engine threads: one core is left to the main thread and the aggregator. */
export function workerCount(wanted: number | 'auto', cores = availableParallelism()): number {
  return wanted === 'auto' ? Math.max(1, Math.min(8, cores - 1)) : wanted;
}
