import { parseDecimal, parseDurationMs } from './units.ts';

/** Text of one flag to the value of the schema, or what was wanted instead. */
type Parse = (text: string) => { readonly value: unknown } | { readonly wanted: string };

/** How one field of the schema is set on the command line. The table is the single source of flags, help and messages. */
export interface Setting {
  readonly flag: `--${string}`;
  /** Where the value goes, e.g. `load.rate_per_second`; several flags may share one path only when repeatable. */
  readonly path: string;
  readonly argument: string;
  readonly help: string;
  readonly parse: Parse;
  /** May be given several times; the values are collected. */
  readonly repeatable?: boolean;
  /** Environment variable that stands in for a missing flag. */
  readonly environment?: string;
}

const text: Parse = (given) => (given === '' ? { wanted: 'some text' } : { value: given });

const integer: Parse = (given) => {
  const value = parseDecimal(given);
  return value !== undefined && Number.isSafeInteger(value) ? { value } : { wanted: 'a whole number' };
};

const decimal: Parse = (given) => {
  const value = parseDecimal(given);
  return value === undefined ? { wanted: 'a number' } : { value };
};

const duration: Parse = (given) => {
  const value = parseDurationMs(given);
  return value === undefined ? { wanted: 'a duration such as 500ms, 60s, 5m or 1h' } : { value };
};

const countOrDuration: Parse = (given) => {
  const samples = parseDecimal(given);
  if (samples !== undefined)
    return Number.isSafeInteger(samples) ? { value: { samples } } : { wanted: 'a whole number' };
  const durationMs = parseDurationMs(given);
  return durationMs === undefined
    ? { wanted: 'a number of requests such as 100, or a duration such as 10s' }
    : { value: { duration_ms: durationMs } };
};

const choice = (...choices: readonly string[]): Parse => {
  return (given) => {
    const value = given.replaceAll('-', '_');
    return choices.includes(value)
      ? { value }
      : { wanted: `one of ${choices.join(', ').replaceAll('_', '-')}` };
  };
};

/** CPUs as the kernel writes them: numbers and ranges, commas between. */
const cpuList: Parse = (given) => {
  const wanted = { wanted: 'CPU numbers such as 2,3 or 4-7' };
  const cpus = new Set<number>();
  for (const part of given.split(',')) {
    const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === undefined) return wanted;
    const end = Number(last ?? first);
    if (end < Number(first)) return wanted;
    for (let cpu = Number(first); cpu <= end; cpu++) cpus.add(cpu);
  }
  return { value: [...cpus] };
};

const workers: Parse = (given) => (given === 'auto' ? { value: 'auto' } : integer(given));

const header: Parse = (given) => {
  const match = /^([^:\s]+):\s*(.*)$/s.exec(given);
  return match === null ? { wanted: '"Name: value"' } : { value: [match[1], match[2]] };
};

const onOffAuto = choice('on', 'off', 'auto');

export const SETTINGS: readonly Setting[] = [
  {
    flag: '--endpoint',
    path: 'endpoints',
    argument: '<url>',
    help: 'base URL of the server, such as http://host:8000; repeat it to alternate between servers',
    parse: text,
    repeatable: true,
  },
  {
    flag: '--model',
    path: 'model',
    argument: '<name>',
    help: 'model name sent with each request',
    parse: text,
  },
  {
    flag: '--dataset',
    path: 'dataset',
    argument: '<file>',
    help: 'prompts: .jsonl, .json or .csv with a column prompt (or messages)',
    parse: text,
  },
  {
    flag: '--api',
    path: 'api',
    argument: '<api>',
    help: 'chat or completions (default chat)',
    parse: choice('chat', 'completions'),
  },
  {
    flag: '--streaming',
    path: 'streaming',
    argument: '<mode>',
    help: 'on, off or auto (default auto: off for burst, else on)',
    parse: onOffAuto,
  },
  {
    flag: '--pattern',
    path: 'load.pattern',
    argument: '<pattern>',
    help: 'burst, constant, poisson or concurrency (default: poisson with --rate, concurrency with --concurrency, else burst)',
    parse: choice('burst', 'constant', 'poisson', 'concurrency'),
  },
  {
    flag: '--rate',
    path: 'load.rate_per_second',
    argument: '<n>',
    help: 'arrivals a second, for constant and poisson',
    parse: decimal,
  },
  {
    flag: '--concurrency',
    path: 'load.concurrency',
    argument: '<n>',
    help: 'requests kept in flight, for concurrency',
    parse: integer,
  },
  {
    flag: '--samples',
    path: 'stop.samples',
    argument: '<n>',
    help: 'stop after so many requests (default: one pass over the dataset, unless --duration is given)',
    parse: integer,
  },
  {
    flag: '--duration',
    path: 'stop.duration_ms',
    argument: '<time>',
    help: 'stop issuing after this time',
    parse: duration,
  },
  {
    flag: '--warmup',
    path: 'warmup',
    argument: '<n|time>',
    help: 'first send so many requests, or for so long, without measuring',
    parse: countOrDuration,
  },
  {
    flag: '--workers',
    path: 'client.workers',
    argument: '<n>',
    help: 'engine threads (default auto: one core is left to the rest)',
    parse: workers,
  },
  {
    flag: '--cpus',
    path: 'client.cpus',
    argument: '<list>',
    help: 'CPUs for the engine threads, one each, such as 2,3 or 4-7; the rest of the program keeps off them (by taskset)',
    parse: cpuList,
  },
  {
    flag: '--seed',
    path: 'seed',
    argument: '<n>',
    help: 'seed of arrivals and sample order (default 42)',
    parse: integer,
  },
  {
    flag: '--sample-order',
    path: 'sample_order',
    argument: '<order>',
    help: 'without-replacement, with-replacement or sequential (default without-replacement)',
    parse: choice('without_replacement', 'with_replacement', 'sequential'),
  },
  {
    flag: '--max-output-tokens',
    path: 'max_output_tokens',
    argument: '<n>',
    help: 'upper limit of output tokens asked for',
    parse: integer,
  },
  {
    flag: '--max-connections',
    path: 'client.max_connections',
    argument: '<n>',
    help: 'open connections at most; a burst keeps them all busy (default 1024)',
    parse: integer,
  },
  {
    flag: '--pacing',
    path: 'client.pacing',
    argument: '<mode>',
    help: 'precise (spin near a due time), economy (sleep only) or auto (default auto: precise when each worker can have an idle core)',
    parse: choice('auto', 'precise', 'economy'),
  },
  {
    flag: '--connections',
    path: 'client.connections',
    argument: '<use>',
    help: 'reuse, or new: one for each request, with TCP and TLS inside its times (default reuse)',
    parse: choice('reuse', 'new'),
  },
  {
    flag: '--api-key',
    path: 'client.api_key',
    argument: '<key>',
    help: 'sent as Authorization: Bearer; prefer the environment variable',
    parse: text,
    environment: 'INFEROMETER_API_KEY',
  },
  {
    flag: '--header',
    path: 'client.headers',
    argument: '<name: value>',
    help: 'extra request header; may be repeated',
    parse: header,
    repeatable: true,
  },
  {
    flag: '--request-timeout',
    path: 'client.request_timeout_ms',
    argument: '<time>',
    help: 'a request unanswered for so long fails (default 10m)',
    parse: duration,
  },
  {
    flag: '--drain-timeout',
    path: 'drain_timeout_ms',
    argument: '<time>',
    help: 'wait so long for requests in flight after issuing ends (default 4m)',
    parse: duration,
  },
  {
    flag: '--publish-interval',
    path: 'metrics.publish_interval_ms',
    argument: '<time>',
    help: 'time between live snapshots, 0 = no live view (default 250ms)',
    parse: duration,
  },
  {
    flag: '--tokenizer',
    path: 'tokenizer',
    argument: '<file>',
    help: 'tokenizer.json, to count tokens the server does not report',
    parse: text,
  },
  {
    flag: '--events-jsonl',
    path: 'events_jsonl',
    argument: '<mode>',
    help: 'export events.jsonl after the run: on, off or auto (default auto: when the run log is under 256 MB)',
    parse: onOffAuto,
  },
];

/** Flag of a schema path, for messages; nested paths of a shared flag find their parent's. */
export function flagOfPath(path: string): string | undefined {
  return SETTINGS.find((setting) => path === setting.path || path.startsWith(`${setting.path}.`))?.flag;
}
