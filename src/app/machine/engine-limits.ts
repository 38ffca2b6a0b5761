import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { phaseConfigs } from '../../config/run-phases.ts';
import type { RunConfig } from '../../config/schema.ts';
import { valueOfStage } from '../../config/stages.ts';
import { InferometerError } from '../../core/errors.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import { busiestSecond } from '../../plan/arrivals/replay.ts';
import { isUnixSocket } from '../../protocol/endpoint.ts';
import type { Pacing } from '../../engine/settings.ts';

/** What the machine can give; undefined where the system does not tell. */
export interface MachineLimits {
  /** Cores this process may use. */
  readonly cores: number;
  /** Files, and so sockets, this process may have open. */
  readonly openFiles: number | undefined;
  /** Local ports, and so connections to one endpoint. */
  readonly localPorts: number | undefined;
}

/** What the engine is given of the machine. */
export interface EngineLimits {
  readonly workers: number;
  readonly maxConnections: number;
  /** Connections worth opening before the first request is due. */
  readonly warmConnections: number;
  /** What to tell when no number was given and the machine allows fewer than the default. */
  readonly shortage: string | undefined;
}

/** Connections kept open at most when nothing else is asked for. */
const DEFAULT_MAX_CONNECTIONS = 1024;
/** So few are worth a word when nobody asked for a number. */
const FEW_CONNECTIONS = 256;
/** Descriptors left for files, sockets of our own and the runtime. */
const RESERVED_DESCRIPTORS = 128;
const MAX_AUTO_WORKERS = 8;
/** Connections to open in advance in open loop, at most: servers answer within a second, or keep that many busy anyway. */
const MAX_WARM_CONNECTIONS = 256;

/** The limits of the machine we are on. */
export function machineLimits(): MachineLimits {
  const openFiles = /^Max open files\s+(\d+)/m.exec(systemText('/proc/self/limits'));
  const ports = /^(\d+)\s+(\d+)/.exec(systemText('/proc/sys/net/ipv4/ip_local_port_range'));
  return {
    cores: availableParallelism(),
    openFiles: openFiles === null ? undefined : Number(openFiles[1]),
    localPorts: ports === null ? undefined : Number(ports[2]) - Number(ports[1]) + 1,
  };
}

/**
 * Shares the machine out. Throws `INFEROMETER_LIMIT_EXCEEDED` (input) when a run needs more connections than the limit of open files or
 * the local ports allow: better before the run than in its error counts.
 */
export function engineLimits(config: RunConfig, machine = machineLimits()): EngineLimits {
  const { workers: wanted, cpus } = config.client;
  // A thread for each CPU named, else for each core but one, which is left to the main thread and the aggregator.
  const cores = cpus?.length ?? machine.cores - 1;
  const workers = wanted === 'auto' ? Math.max(1, Math.min(MAX_AUTO_WORKERS, cores)) : wanted;
  const phases = phaseConfigs(config).map((phase) => phase.config);
  const limits = phases.map((phase) => connectionLimit(phase, machine));
  const maxConnections = Math.max(...limits.map(({ count }) => count));
  return {
    workers,
    maxConnections,
    warmConnections: Math.min(maxConnections, connectionsToWarm(phases[0]!)),
    shortage: limits.find(({ shortage }) => shortage !== undefined)?.shortage,
  };
}

/** Of a core, for it to count as idle: a system is never quite still. */
const IDLE_SHARE = 0.5;
/** Cores for main and aggregator, beside those of the workers. */
const CORES_FOR_THE_REST = 1;

/**
 * How to wait for due times. `auto` is precise when each worker can have a core for itself, which others leave idle: one that
 * spins on a busy core is put off by the scheduler for longer than a timer is late.
 */
export function pacingOf(
  wanted: Pacing | 'auto',
  workers: number,
  idleCores: number,
  { cores }: Pick<MachineLimits, 'cores'> = machineLimits(),
): Pacing {
  if (wanted !== 'auto') return wanted;
  const idleForWorkers = idleCores - CORES_FOR_THE_REST;
  return cores > workers && idleForWorkers >= IDLE_SHARE * workers ? 'precise' : 'economy';
}

/**
 * Begins to watch; the function returned tells how many cores of the machine were idle since, on average. What we ourselves take to get
 * ready, by `ownCpuMs`, is over when it counts, and so no sign of a busy machine.
 */
export function watchIdleCores(ownCpuMs: () => number): () => number {
  const before = coreTimesMs();
  const ownBeforeMs = ownCpuMs();
  return () => {
    const now = coreTimesMs();
    const idleMs = now.idleMs - before.idleMs + ownCpuMs() - ownBeforeMs;
    const totalMs = now.totalMs - before.totalMs;
    return totalMs > 0 ? now.cores * Math.min(1, idleMs / totalMs) : now.cores;
  };
}

function coreTimesMs() {
  const times = cpus().map((core) => core.times);
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  const totalMs = times.reduce(
    (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
    0,
  );
  return { cores: times.length, idleMs, totalMs };
}

/** Connections that may be open, over HTTP/2 requests in flight: what was asked for, or the default as far as the machine goes. */
function connectionLimit(
  { client, load, endpoints }: RunConfig,
  machine: MachineLimits,
): { readonly count: number; readonly shortage: string | undefined } {
  // Over HTTP/2 it is a number of requests, which share connections.
  const isShared = client.http === 2 && client.connections === 'reuse';
  const byFiles = isShared ? Infinity : (machine.openFiles ?? Infinity) - RESERVED_DESCRIPTORS;
  // Connections are shared out evenly; one proxy has one address for them, and a Unix socket takes no port.
  const byPorts =
    isShared || endpoints.every(isUnixSocket)
      ? Infinity
      : (machine.localPorts ?? Infinity) *
        (client.proxies === undefined ? endpoints.length : new Set(client.proxies).size);
  const available = Math.max(1, Math.min(byFiles, byPorts));
  const limitText = (wanted: number) =>
    byFiles < byPorts
      ? `an open-file limit of ${countText(machine.openFiles!)}, which leaves ${countedText(available, 'connection')}; ` +
        `raise it (ulimit -n ${wanted + RESERVED_DESCRIPTORS})`
      : `${countedText(available, 'local port')}, one for each connection; widen net.ipv4.ip_local_port_range`;
  const inFlight =
    load.pattern === 'concurrency' ? (load.concurrency ?? highestStage(load.stages)) : undefined;
  const { max_in_flight: capped } = load;
  const needed = capped ?? client.max_connections ?? inFlight;
  if (needed === undefined) {
    const shortage =
      available < FEW_CONNECTIONS
        ? `this machine has ${limitText(DEFAULT_MAX_CONNECTIONS)}; requests wait when none is free`
        : undefined;
    return { count: Math.min(available, DEFAULT_MAX_CONNECTIONS), shortage };
  }
  if (needed > available) {
    const flag =
      capped !== undefined
        ? '--max-in-flight'
        : client.max_connections !== undefined
          ? '--max-connections'
          : load.concurrency === undefined
            ? '--stages of a concurrency of'
            : '--concurrency';
    throw new InferometerError(
      'INFEROMETER_LIMIT_EXCEEDED',
      'input',
      `${flag} ${needed} is too much: this machine has ${limitText(needed)}, or lower ${flag}`,
    );
  }
  // A connection carries one request at a time, or a stream does.
  const count =
    capped ?? client.max_connections ?? Math.min(available, Math.max(DEFAULT_MAX_CONNECTIONS, needed));
  return { count, shortage: undefined };
}

/** The limits with as many connections to open in advance as a replay may need at once. `dueNs`: of the replay, else undefined. */
export function warmedFor(limits: EngineLimits, dueNs: SharedArrayBuffer | undefined): EngineLimits {
  if (dueNs === undefined) return limits;
  const { maxConnections } = limits;
  return { ...limits, warmConnections: Math.min(maxConnections, MAX_WARM_CONNECTIONS, busiestSecond(dueNs)) };
}

function connectionsToWarm({ load, stop }: RunConfig): number {
  const { pattern, concurrency, rate_per_second: rate } = load;
  switch (pattern) {
    case 'concurrency':
      return concurrency ?? highestStage(load.stages);
    case 'burst':
      return stop.samples ?? Infinity;
    default:
      return Math.min(MAX_WARM_CONNECTIONS, Math.ceil(rate ?? highestStage(load.stages)));
  }
}

/** Of the stages, requests a second or in flight. */
function highestStage(stages: RunConfig['load']['stages'] = []): number {
  return stages.map(valueOfStage).reduce((most, value) => Math.max(most, value), 1);
}

/** A file of the system, empty where there is none. */
function systemText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
