import type { z } from 'zod';
import { MAX_IN_FLIGHT } from '../../core/load-ranges.ts';
import { MAX_TICKETS } from '../../plan/tickets.ts';
import { parseDecimal } from '../units.ts';
import { CONNECTION } from './connection-settings.ts';
import { defaulted, group, optional, type ValueType, type Zod } from './setting.ts';
import { choice, MAX_WAIT_MS, timeAboveZeroMs, wholeNumber } from './value-types.ts';

/** Engine threads at most: each is a thread with its own heap. */
const MAX_WORKERS = 64;
/** More take more time than they tell. */
const MAX_PROBE_RATE = 10_000;
const MAX_CPU = 99_999;

function workersSchema(zod: Zod) {
  const allowed = `auto, or a whole number from 1 to ${MAX_WORKERS}`;
  return zod.union(
    [zod.int(allowed).min(1, allowed).max(MAX_WORKERS, allowed), zod.literal('auto', allowed)],
    allowed,
  );
}

const WORKERS: ValueType<ReturnType<typeof workersSchema>> = {
  title: 'whole number, or auto',
  parse: (given) => ({ value: parseDecimal(given) ?? given }),
  schema: workersSchema,
  textOf: String,
};

/** CPUs as the kernel writes them: numbers and ranges, commas between. */
const CPUS: ValueType<z.ZodArray<z.ZodNumber>> = {
  title: 'list: CPU number',
  parse: (given) => {
    const allowed = { allowed: 'CPU numbers such as 2,3 or 4-7' };
    const cpus = new Set<number>();
    for (const part of given.split(',')) {
      const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
      if (first === undefined) return allowed;
      const end = Number(last ?? first);
      if (end < Number(first)) return allowed;
      for (let cpu = Number(first); cpu <= end; cpu++) cpus.add(cpu);
    }
    return { value: [...cpus] };
  },
  schema: (zod) =>
    zod.array(wholeNumber(0, MAX_CPU).schema(zod), 'a list of CPU numbers').min(1, 'a list of CPU numbers'),
};

const HTTP_VERSION: ValueType<z.ZodLiteral<1 | 2>> = {
  title: '1, 2',
  parse: (given) => ({ value: parseDecimal(given) ?? given }),
  schema: (zod) => zod.literal([1, 2], '1 or 2'),
  textOf: String,
  completes: ['1', '2'],
};

export const CLIENT = group({
  workers: defaulted(WORKERS, 'auto', {
    flag: '--workers',
    argument: '<n>',
    group: 'client',
    help: 'engine threads',
    defaultNote: ': all cores but one',
  }),
  cpus: optional(CPUS, {
    flag: '--cpus',
    argument: '<list>',
    group: 'client',
    help: 'CPUs to pin the engine threads to, one each, e.g. 2,3 or 4-7; everything else is kept off them (needs taskset)',
  }),
  max_connections: optional(wholeNumber(1, MAX_IN_FLIGHT), {
    flag: '--max-connections',
    argument: '<n>',
    group: 'client',
    help: 'maximum number of open connections, or of requests in flight with --http 2; a burst keeps them all busy',
    defaultNote: ' 1024, fewer where open files are limited',
  }),
  balance: defaulted(choice(['round_robin', 'least_in_flight']), 'round_robin', {
    flag: '--balance',
    argument: '<how>',
    group: 'client',
    help: 'which of several endpoints a request goes to: round-robin (each in turn) or least-in-flight, counted by each worker for itself',
  }),
  request_timeout_ms: defaulted(timeAboveZeroMs(MAX_WAIT_MS), 600_000, {
    flag: '--request-timeout',
    argument: '<time>',
    group: 'client',
    help: 'fail a request that is not fully answered within this time',
  }),
  connect_timeout_ms: defaulted(timeAboveZeroMs(MAX_WAIT_MS), 30_000, {
    flag: '--connect-timeout',
    argument: '<time>',
    group: 'client',
    help: 'fail a connection that is not established (TLS included) within this time',
  }),
  pacing: defaulted(choice(['auto', 'precise', 'economy']), 'auto', {
    flag: '--pacing',
    argument: '<mode>',
    group: 'client',
    help: 'how to wait for due times: precise (spin shortly before), economy (sleep only) or auto',
    defaultNote: ': precise when each worker can have an idle core',
  }),
  probe_rate: defaulted(wholeNumber(0, MAX_PROBE_RATE), 250, {
    flag: '--probe-rate',
    argument: '<n>',
    group: 'client',
    help: 'most probes a second that measure how late each engine thread reads',
    defaultNote: '; 0: none, and no error bound',
  }),
  http: defaulted(HTTP_VERSION, 1, {
    flag: '--http',
    argument: '<version>',
    group: 'client',
    help: 'version of HTTP to speak: 1 (HTTP/1.1), or 2: requests share connections, over TLS or without it',
  }),
  connections: defaulted(choice(['reuse', 'new']), 'reuse', {
    flag: '--connections',
    argument: '<use>',
    group: 'client',
    help: 'reuse connections, or open a new one for each request, with TCP and TLS inside its times',
  }),
  requests_per_connection: optional(wholeNumber(1, MAX_TICKETS), {
    flag: '--requests-per-connection',
    argument: '<n>',
    group: 'client',
    help: 'close a connection after this many responses, so that a load balancer can send the next one elsewhere, e.g. 100',
    defaultNote: ': keep it',
  }),
  ...CONNECTION,
});
