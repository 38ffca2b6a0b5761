import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { countText } from '../../core/quantity-text.ts';
import { machineLimits } from './engine-limits.ts';

/** How one property of this machine suits a load test. */
export interface Finding {
  readonly name: string;
  /** `wrong` makes results wrong or runs impossible; `improve` costs accuracy or scale. */
  readonly state: 'ok' | 'improve' | 'wrong' | 'unknown';
  readonly found: string;
  /** What to do about it, as a command where there is one; null when it is ok. */
  readonly advice: string | null;
}

/** Reads a file of the system; undefined where there is none. */
export type ReadSystemFile = (path: string) => string | undefined;

const OLDEST_NODE = [22, 19] as const;
/** The default limit of connections, and what the program needs beside them. */
const WANTED_FILES = 4096;
const WANTED_PORTS = 28_000;
/** Of a timer; more is added to each sleep before a request. */
const MOST_TIMER_SLACK_NS = 100_000;
const NS_PER_US = 1000;

/** Looks at what a load test depends on. Reads files of the system only. */
export function examineMachine(read: ReadSystemFile = readSystemFile): readonly Finding[] {
  return [
    nodeVersion(),
    cores(read),
    openFiles(),
    localPorts(),
    clockSource(read),
    timerSlack(read),
    governor(read),
  ];
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return finding(
    'Node',
    process.version,
    isOld ? 'wrong' : 'ok',
    `install Node ${OLDEST_NODE.join('.')} or newer`,
  );
}

/** A quota of a container stops all threads at once when it is used up. */
function cores(read: ReadSystemFile): Finding {
  const usable = availableParallelism();
  const [quota, period] = (read('/sys/fs/cgroup/cpu.max') ?? 'max').split(' ');
  const allowed = quota === 'max' ? undefined : Number(quota) / Number(period);
  const found = `${usable} of ${cpus().length} usable`;
  if (allowed !== undefined && allowed < usable) {
    return finding(
      'cores',
      `${found}, but a quota of ${allowed.toFixed(1)}`,
      'improve',
      'threads are stopped when the quota is used up: remove it (docker run without --cpus), or pin to whole CPUs (docker run --cpuset-cpus)',
    );
  }
  return finding(
    'cores',
    found,
    usable < 2 ? 'improve' : 'ok',
    'a second core keeps the aggregator from delaying the load',
  );
}

function openFiles(): Finding {
  const { openFiles: limit } = machineLimits();
  if (limit === undefined) return unknown('open files');
  return finding(
    'open files',
    `at most ${countText(limit)}`,
    limit < WANTED_FILES ? 'improve' : 'ok',
    'ulimit -n 65536',
  );
}

function localPorts(): Finding {
  const { localPorts: ports } = machineLimits();
  if (ports === undefined) return unknown('local ports');
  const state = ports < WANTED_PORTS ? 'improve' : 'ok';
  return finding(
    'local ports',
    `${countText(ports)} to each endpoint`,
    state,
    'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
  );
}

/** A clock that the kernel must be called for costs a microsecond each time. */
function clockSource(read: ReadSystemFile): Finding {
  const source = read('/sys/devices/system/clocksource/clocksource0/current_clocksource');
  if (source === undefined) return unknown('clock source');
  const isFast = /^(tsc|arch_sys_counter|kvm-clock|hyperv_clocksource_tsc_page)/.test(source);
  const available = read('/sys/devices/system/clocksource/clocksource0/available_clocksource') ?? '';
  const advice = available.includes('tsc')
    ? 'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource'
    : 'reading the clock is slow on this machine; measure on another one for very high rates';
  return finding('clock source', source, isFast ? 'ok' : 'improve', advice);
}

function timerSlack(read: ReadSystemFile): Finding {
  const slackNs = Number(read('/proc/self/timerslack_ns') ?? NaN);
  if (!Number.isFinite(slackNs)) return unknown('timer slack');
  const state = slackNs > MOST_TIMER_SLACK_NS ? 'improve' : 'ok';
  return finding(
    'timer slack',
    `${slackNs / NS_PER_US} µs`,
    state,
    'start it from a process with the default of 50 µs, or use --pacing precise',
  );
}

/** One that saves power lowers the clock of a core between requests. */
function governor(read: ReadSystemFile): Finding {
  const path = (cpu: string) => `/sys/devices/system/cpu/${cpu}/cpufreq/scaling_governor`;
  const governors = new Set(cpuNames().flatMap((cpu) => read(path(cpu)) ?? []));
  if (governors.size === 0) return unknown('CPU governor');
  const isFast = [...governors].every((name) => name === 'performance');
  return finding(
    'CPU governor',
    [...governors].join(', '),
    isFast ? 'ok' : 'improve',
    'cpupower frequency-set -g performance',
  );
}

function cpuNames(): readonly string[] {
  try {
    return readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name));
  } catch {
    return [];
  }
}

function finding(name: string, found: string, state: 'ok' | 'improve' | 'wrong', advice: string): Finding {
  return { name, state, found, advice: state === 'ok' ? null : advice };
}

function unknown(name: string): Finding {
  return { name, state: 'unknown', found: 'this system does not tell', advice: null };
}
