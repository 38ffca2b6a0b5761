import { APIS, JUDGED_METRICS, LOAD_PATTERNS, SAMPLE_ORDERS } from './choices.ts';
import { parseDecimal, parseDurationMs } from './units.ts';

/** Text of one flag to the value of the schema, or what was wanted instead. */
type Parse = (text: string) => { readonly value: unknown } | { readonly wanted: string };

/** What a setting is about. */
export type SettingGroup = 'requests' | 'load' | 'client' | 'output';

/** How one field of the schema is set on the command line. The table is the single source of flags, help and messages. */
export interface Setting {
  readonly flag: `--${string}`;
  /** Where the value goes, e.g. `load.rate_per_second`; several flags may share one path only when repeatable. */
  readonly path: string;
  readonly argument: string;
  /** Under which heading help tells it. */
  readonly group: SettingGroup;
  readonly help: string;
  readonly parse: Parse;
  /** May be given several times; the values are collected. */
  readonly repeatable?: boolean;
  /** Environment variable that stands in for a missing flag. */
  readonly environment?: string;
  /** May hold a secret: messages leave it out. */
  readonly secret?: boolean;
}

const text: Parse = (given) => (given === '' ? { wanted: 'some text' } : { value: given });

/** What is no number stays text, for the schema to refuse: it knows the range. */
const number: Parse = (given) => ({ value: parseDecimal(given) ?? given });

const duration: Parse = (given) => {
  const value = parseDurationMs(given);
  return value === undefined
    ? { wanted: 'a duration with its unit, such as 500ms, 60s, 5m or 1h' }
    : { value };
};

const countOrDuration: Parse = (given) => {
  const samples = parseDecimal(given);
  if (samples !== undefined) return { value: { samples } };
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

/** Metrics with commas between; `gaps` and `chunk-gap` are one. */
const metricList: Parse = (given) => {
  const names = given.split(',').map((name) => (name === 'gaps' ? 'chunk_gap' : name.replaceAll('-', '_')));
  return names.every((name) => (JUDGED_METRICS as readonly string[]).includes(name))
    ? { value: [...new Set(names)] }
    : { wanted: `some of ${JUDGED_METRICS.join(', ')}, with commas between` };
};

const header: Parse = (given) => {
  const match = /^([^:\s]+):\s*(.*)$/s.exec(given);
  return match === null ? { wanted: '"Name: value"' } : { value: [match[1], match[2]] };
};

const onOffAuto = choice('on', 'off', 'auto');

const onOff: Parse = (given) => {
  return given === 'on' || given === 'off' ? { value: given === 'on' } : { wanted: 'on or off' };
};

export const SETTINGS: readonly Setting[] = [
  {
    flag: '--endpoint',
    group: 'requests',
    path: 'endpoints',
    argument: '<url>',
    help: 'base URL of the server, such as http://host:8000; repeat it to alternate between servers',
    parse: text,
    repeatable: true,
  },
  {
    flag: '--model',
    group: 'requests',
    path: 'model',
    argument: '<name>',
    help: 'model name sent with each request',
    parse: text,
  },
  {
    flag: '--dataset',
    group: 'requests',
    path: 'dataset',
    argument: '<file>',
    help: 'prompts: .jsonl, .json or .csv with a column prompt (or messages), or .txt with one a line',
    parse: text,
  },
  {
    flag: '--api',
    group: 'requests',
    path: 'api',
    argument: '<api>',
    help: 'chat or completions of OpenAI, or sglang, its own generate API (default chat)',
    parse: choice(...APIS),
  },
  {
    flag: '--streaming',
    group: 'requests',
    path: 'streaming',
    argument: '<mode>',
    help: 'on, off or auto (default auto: off for burst, else on)',
    parse: onOffAuto,
  },
  {
    flag: '--pattern',
    group: 'load',
    path: 'load.pattern',
    argument: '<pattern>',
    help: 'burst, constant, poisson or concurrency (default: poisson with --rate, concurrency with --concurrency, else burst)',
    parse: choice(...LOAD_PATTERNS),
  },
  {
    flag: '--rate',
    group: 'load',
    path: 'load.rate_per_second',
    argument: '<n>',
    help: 'arrivals a second, for constant and poisson',
    parse: number,
  },
  {
    flag: '--concurrency',
    group: 'load',
    path: 'load.concurrency',
    argument: '<n>',
    help: 'requests kept in flight, for concurrency',
    parse: number,
  },
  {
    flag: '--samples',
    group: 'load',
    path: 'stop.samples',
    argument: '<n>',
    help: 'stop after so many requests (default: one pass over the dataset, unless --duration is given)',
    parse: number,
  },
  {
    flag: '--duration',
    group: 'load',
    path: 'stop.duration_ms',
    argument: '<time>',
    help: 'stop issuing after this time',
    parse: duration,
  },
  {
    flag: '--warmup',
    group: 'load',
    path: 'warmup',
    argument: '<n|time>',
    help: 'first send so many requests, or for so long, without measuring',
    parse: countOrDuration,
  },
  {
    flag: '--workers',
    group: 'client',
    path: 'client.workers',
    argument: '<n>',
    help: 'engine threads (default auto: one core is left to the rest)',
    parse: number,
  },
  {
    flag: '--cpus',
    group: 'client',
    path: 'client.cpus',
    argument: '<list>',
    help: 'CPUs for the engine threads, one each, such as 2,3 or 4-7; the rest of the program keeps off them (by taskset)',
    parse: cpuList,
  },
  {
    flag: '--seed',
    group: 'load',
    path: 'seed',
    argument: '<n>',
    help: 'seed of arrivals and sample order (default 42)',
    parse: number,
  },
  {
    flag: '--sample-order',
    group: 'load',
    path: 'sample_order',
    argument: '<order>',
    help: 'without-replacement, with-replacement or sequential (default without-replacement)',
    parse: choice(...SAMPLE_ORDERS),
  },
  {
    flag: '--max-output-tokens',
    group: 'requests',
    path: 'max_output_tokens',
    argument: '<n>',
    help: 'upper limit of output tokens asked for',
    parse: number,
  },
  {
    flag: '--max-connections',
    group: 'client',
    path: 'client.max_connections',
    argument: '<n>',
    help: 'open connections at most; a burst keeps them all busy (default 1024)',
    parse: number,
  },
  {
    flag: '--pacing',
    group: 'client',
    path: 'client.pacing',
    argument: '<mode>',
    help: 'precise (spin near a due time), economy (sleep only) or auto (default auto: precise when each worker can have an idle core)',
    parse: choice('auto', 'precise', 'economy'),
  },
  {
    flag: '--judge',
    group: 'output',
    path: 'judge',
    argument: '<metrics>',
    help: 'judge the run by these metrics only: ttft, tpot, chunk_gap, latency, throughput (default: all that are shown)',
    parse: metricList,
  },
  {
    flag: '--probe-rate',
    group: 'client',
    path: 'client.probe_rate',
    argument: '<n>',
    help: 'probes a second that measure how late each engine thread reads (default 250; 0: none, and no error bound)',
    parse: number,
  },
  {
    flag: '--connections',
    group: 'client',
    path: 'client.connections',
    argument: '<use>',
    help: 'reuse, or new: one for each request, with TCP and TLS inside its times (default reuse)',
    parse: choice('reuse', 'new'),
  },
  {
    flag: '--api-key',
    group: 'requests',
    path: 'client.api_key',
    argument: '<key>',
    help: 'sent as Authorization: Bearer; prefer the environment variable',
    parse: text,
    environment: 'INFEROMETER_API_KEY',
    secret: true,
  },
  {
    flag: '--header',
    group: 'requests',
    path: 'client.headers',
    argument: '<name: value>',
    help: 'extra request header; may be repeated',
    parse: header,
    repeatable: true,
    secret: true,
  },
  {
    flag: '--request-timeout',
    group: 'client',
    path: 'client.request_timeout_ms',
    argument: '<time>',
    help: 'a request unanswered for so long fails (default 10m)',
    parse: duration,
  },
  {
    flag: '--connect-timeout',
    group: 'client',
    path: 'client.connect_timeout_ms',
    argument: '<time>',
    help: 'a connection, with its TLS, not there after so long has failed (default 30s)',
    parse: duration,
  },
  {
    flag: '--tls-verify',
    group: 'requests',
    path: 'client.tls_verify',
    argument: '<mode>',
    help: 'check the certificate of the server: on or off (default on)',
    parse: onOff,
  },
  {
    flag: '--drain-timeout',
    group: 'client',
    path: 'drain_timeout_ms',
    argument: '<time>',
    help: 'wait so long for requests in flight after issuing ends, 0 = cancel them then (default 4m)',
    parse: duration,
  },
  {
    flag: '--token-drain-timeout',
    group: 'output',
    path: 'metrics.drain_timeout_ms',
    argument: '<time>',
    help: 'wait so long for token counts after the last answer, 0 = for all of them (default 1m)',
    parse: duration,
  },
  {
    flag: '--publish-interval',
    group: 'output',
    path: 'metrics.publish_interval_ms',
    argument: '<time>',
    help: 'time between live snapshots, 0 = no live view (default 250ms)',
    parse: duration,
  },
  {
    flag: '--tokenizer',
    group: 'requests',
    path: 'tokenizer',
    argument: '<file>',
    help: 'tokenizer.json: counts every prompt, and answers whose tokens the server does not report',
    parse: text,
  },
  {
    flag: '--events-jsonl',
    group: 'output',
    path: 'events_jsonl',
    argument: '<mode>',
    help: 'export events.jsonl after the run: on, off or auto (default auto: when the run log is under 256 MB)',
    parse: onOffAuto,
  },
];

/** The setting of a schema path; what is nested in a value is found at its parent. */
export function settingOf(path: string): Setting | undefined {
  return SETTINGS.find((setting) => path === setting.path || path.startsWith(`${setting.path}.`));
}
