import {
  APIS,
  APIS_ALLOWED,
  TEMPLATE_PREFIX,
  HISTORIES,
  JUDGED_METRICS,
  LOAD_PATTERNS,
  SAMPLE_ORDERS,
} from './choices.ts';
import { parseSynthetic, SYNTHETIC_ALLOWED } from '../workload/synthesis/synthetic-spec.ts';
import { SALT_POSITIONS } from '../dataset/salted-row.ts';
import { DURATIONS_ALLOWED, parseDurations } from './durations.ts';
import { parseStages } from './stages.ts';
import { parseDecimal, parseDurationMs, parseShare } from './units.ts';

/** Text of one flag to the value of the schema, or what is allowed instead. */
type Parse = (text: string) => { readonly value: unknown } | { readonly allowed: string };

/** What a setting is about. */
export type SettingGroup = 'requests' | 'load' | 'client' | 'output';

/** How one field of the schema is set on the command line. The table is the single source of flags, help and messages. */
export interface Setting {
  readonly flag: `--${string}`;
  /** Where the value goes, e.g. `load.rate_per_second`; several flags may share one path only when repeatable. */
  readonly path: string;
  /** Where the path of a file goes that holds the value, when it is given as text: `@path`. */
  readonly filePath?: string;
  /** Empty for a flag that is on when it is given. */
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

const anyText: Parse = (given) => (given === '' ? { allowed: 'text that is not empty' } : { value: given });

/** Text that is not a number stays text, for the schema to refuse: it knows the range. */
const number: Parse = (given) => ({ value: parseDecimal(given) ?? given });

const duration: Parse = (given) => {
  const value = parseDurationMs(given);
  return value === undefined
    ? { allowed: 'a duration with its unit, such as 500ms, 60s, 5m or 1h' }
    : { value };
};

const share: Parse = (given) => {
  const value = parseShare(given);
  return value === undefined ? { allowed: 'a share such as 5% or 0.05' } : { value };
};

/** Stays text: it is what people read in config.yaml, too. */
const durations: Parse = (given) =>
  parseDurations(given) === undefined ? { allowed: DURATIONS_ALLOWED } : { value: given };

const countOrDuration: Parse = (given) => {
  const samples = parseDecimal(given);
  if (samples !== undefined) return { value: { samples } };
  const durationMs = parseDurationMs(given);
  return durationMs === undefined
    ? { allowed: 'a number of requests such as 100, or a duration such as 10s' }
    : { value: { duration_ms: durationMs } };
};

const choice = (...choices: readonly string[]): Parse => {
  return (given) => {
    const value = choices.includes(given) ? given : given.replaceAll('-', '_');
    const shown = choices.map((one) => (one.startsWith('max_') ? one : one.replaceAll('_', '-')));
    return choices.includes(value) ? { value } : { allowed: `one of ${shown.join(', ')}` };
  };
};

const apiName: Parse = (given) => {
  const isTemplate = given.startsWith(TEMPLATE_PREFIX) && given.length > TEMPLATE_PREFIX.length;
  if (isTemplate) return { value: given };
  const named = choice(...APIS)(given);
  return 'value' in named ? named : { allowed: APIS_ALLOWED };
};

/** CPUs as the kernel writes them: numbers and ranges, commas between. */
const cpuList: Parse = (given) => {
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
};

/** Metrics with commas between; `gaps` and `chunk-gap` are one. */
const metricList: Parse = (given) => {
  const names = given.split(',').map((name) => (name === 'gaps' ? 'chunk_gap' : name.replaceAll('-', '_')));
  return names.every((name) => (JUDGED_METRICS as readonly string[]).includes(name))
    ? { value: [...new Set(names)] }
    : { allowed: `some of ${JUDGED_METRICS.join(', ')}, separated by commas` };
};

const header: Parse = (given) => {
  const match = /^([^:\s]+):\s*(.*)$/s.exec(given);
  return match === null ? { allowed: '"Name: value"' } : { value: [match[1], match[2]] };
};

/** `{"name": value}`, or `name=value` with a value that is JSON, else text. */
const bodyFields: Parse = (given) => {
  const allowed = { allowed: 'name=value, or a JSON object such as {"priority": 3}' };
  if (given.trimStart().startsWith('{')) {
    const value = jsonOf(given);
    return typeof value === 'object' && value !== null ? { value } : allowed;
  }
  const [, name, text] = /^([^=\s]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || text === undefined) return allowed;
  const value = jsonOf(text);
  return { value: Object.fromEntries([[name, value === undefined ? text : value]]) };
};

/** `name=column` with commas between. */
const columnMap: Parse = (given) => {
  const allowed = {
    allowed: 'name=column, with commas between several, e.g. prompt=question,system=instructions',
  };
  const map = new Map<string, string>();
  for (const part of given.split(',')) {
    const [, name, column] = /^\s*([^=\s]+)=(.*\S)\s*$/.exec(part) ?? [];
    if (name === undefined || column === undefined || map.has(name)) return allowed;
    map.set(name, column);
  }
  return { value: Object.fromEntries(map) };
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Stays text: it is what people read in config.yaml, too. */
const synthetic: Parse = (given) => {
  const parsed = parseSynthetic(given);
  return typeof parsed === 'string' ? { allowed: `${SYNTHETIC_ALLOWED}; ${parsed}` } : { value: given };
};

const onOffAuto = choice('on', 'off', 'auto');

const onOff: Parse = (given) => {
  return given === 'on' || given === 'off' ? { value: given === 'on' } : { allowed: 'on or off' };
};

export const SETTINGS: readonly Setting[] = [
  {
    flag: '--endpoint',
    group: 'requests',
    path: 'endpoints',
    argument: '<url>',
    help: 'base URL or full URL of the server, such as http://host:8000, or its Unix socket, such as unix:/run/vllm.sock or unix:/run/vllm.sock:/v1; repeat it to alternate between servers',
    parse: anyText,
    repeatable: true,
  },
  {
    flag: '--model',
    group: 'requests',
    path: 'model',
    argument: '<name>',
    help: 'model name sent with each request, unless its row names one',
    parse: anyText,
  },
  {
    flag: '--dataset',
    group: 'requests',
    path: 'dataset',
    argument: '<file>',
    help: 'prompts: .jsonl, .json, .csv, .parquet, or .txt with one per line, also as .gz or .zst, or a folder of them (docs/datasets.md); or a trace (docs/formats.md)',
    parse: anyText,
  },
  {
    flag: '--format',
    group: 'requests',
    path: 'format',
    argument: '<name>',
    help: 'how the dataset is written, such as mooncake, instead of finding out from its content (inferometer dataset info --help lists all)',
    parse: anyText,
  },
  {
    flag: '--map',
    group: 'requests',
    path: 'map',
    argument: '<columns>',
    help: 'which columns of the dataset to use for what, e.g. prompt=question,system=instructions; other columns keep their names',
    parse: columnMap,
  },
  {
    flag: '--synthetic',
    group: 'requests',
    path: 'synthetic',
    argument: '<what>',
    help: 'made-up prompts of an exact length instead of --dataset, such as "input=lognormal:1024,0.5 output=256 prefix=2048x16 turns=3"; needs --tokenizer (docs/datasets.md)',
    parse: synthetic,
  },
  {
    flag: '--multi-turn',
    group: 'requests',
    path: 'conversations.multi_turn',
    argument: '',
    help: 'send every turn of each conversation of the dataset (or of --synthetic with turns=…), each after the response to the one before; --concurrency and --rate then count conversations (docs/conversations.md)',
    parse: onOff,
  },
  {
    flag: '--history',
    group: 'requests',
    path: 'conversations.history',
    argument: '<source>',
    help: "responses that later turns repeat: live (this server's), recorded (those in the file) or auto (default auto: as the format has it)",
    parse: choice(...HISTORIES),
  },
  {
    flag: '--history-reasoning',
    group: 'requests',
    path: 'conversations.reasoning',
    argument: '<mode>',
    help: 'drop or keep the reasoning of responses that later turns repeat (default drop)',
    parse: choice('drop', 'keep'),
  },
  {
    flag: '--salt',
    group: 'requests',
    path: 'salt.position',
    argument: '<where>',
    help: 'add random text to each request, so that its prefix cache does not help the server: prefix (before the prompt), suffix (after it) or system (before the system prompt)',
    parse: choice(...SALT_POSITIONS),
  },
  {
    flag: '--salt-per',
    group: 'requests',
    path: 'salt.per',
    argument: '<what>',
    help: 'request: a new salt each time a request is sent; conversation: one salt for each conversation, or each row of the dataset, kept when it is sent again (default request; conversation with --multi-turn)',
    parse: choice('request', 'conversation'),
  },
  {
    flag: '--api',
    group: 'requests',
    path: 'api',
    argument: '<api>',
    help: `the API that the endpoints speak: ${APIS.join(', ')}, or template:FILE for one that a YAML file describes (default chat)`,
    parse: apiName,
  },
  {
    flag: '--streaming',
    group: 'requests',
    path: 'streaming',
    argument: '<mode>',
    help: 'stream responses: on, off or auto (default auto: off for burst, else on)',
    parse: onOffAuto,
  },
  {
    flag: '--pattern',
    group: 'load',
    path: 'load.pattern',
    argument: '<pattern>',
    help: 'burst, constant, poisson, gamma, concurrency or replay (default: poisson with --rate or --stages, gamma with --burstiness, concurrency with --concurrency or --stages of one, else burst)',
    parse: choice(...LOAD_PATTERNS),
  },
  {
    flag: '--rate',
    group: 'load',
    path: 'load.rate_per_second',
    argument: '<n>',
    help: 'requests per second, for constant, poisson and gamma',
    parse: number,
  },
  {
    flag: '--stages',
    group: 'load',
    path: 'load.stages',
    filePath: 'load.stages_file',
    argument: '<stages>',
    help: 'a rate or concurrency that changes, instead of --rate or --concurrency: "rate 10 for 1m, ramp to 200 over 5m, pause for 30s", "concurrency 10 for 1m, ramp to 100 over 5m", or @rates.csv with the columns second and rate; ends the run unless --duration does',
    parse: parseStages,
  },
  {
    flag: '--burstiness',
    group: 'load',
    path: 'load.burstiness',
    argument: '<k>',
    help: 'shape of the gaps for gamma: below 1 in bursts, 1 as poisson, above 1 more even',
    parse: number,
  },
  {
    flag: '--concurrency',
    group: 'load',
    path: 'load.concurrency',
    argument: '<n>',
    help: 'number of requests in flight, for concurrency',
    parse: number,
  },
  {
    flag: '--max-in-flight',
    group: 'load',
    path: 'load.max_in_flight',
    argument: '<n>',
    help: 'limit the requests in flight, with a rate, --stages of a rate or --replay; requests beyond the limit wait, and the wait is measured',
    parse: number,
  },
  {
    flag: '--replay',
    group: 'load',
    path: 'load.pattern',
    argument: '',
    help: 'send the requests of a trace at their recorded times; the same as --pattern replay',
    parse: () => ({ value: 'replay' }),
  },
  {
    flag: '--speed',
    group: 'load',
    path: 'load.speed',
    argument: '<n>',
    help: 'how many times as fast as recorded to replay the trace, e.g. 2 (default 1)',
    parse: number,
  },
  {
    flag: '--idle-cap',
    group: 'load',
    path: 'load.idle_cap_ms',
    argument: '<time>',
    help: 'cut longer gaps between the requests of a replay to this, e.g. 5s',
    parse: duration,
  },
  {
    flag: '--from',
    group: 'load',
    path: 'load.from_ms',
    argument: '<time>',
    help: 'start a replay this long after the first request of the trace, e.g. 10m',
    parse: duration,
  },
  {
    flag: '--to',
    group: 'load',
    path: 'load.to_ms',
    argument: '<time>',
    help: 'end a replay this long after the first request of the trace, e.g. 20m',
    parse: duration,
  },
  {
    flag: '--samples',
    group: 'load',
    path: 'stop.samples',
    argument: '<n>',
    help: 'stop after this many requests (default: one pass over the dataset, unless --duration is given)',
    parse: number,
  },
  {
    flag: '--conversations',
    group: 'load',
    path: 'stop.conversations',
    argument: '<n>',
    help: 'with --multi-turn: stop after this many conversations (default: each of the dataset once, unless --duration is given)',
    parse: number,
  },
  {
    flag: '--duration',
    group: 'load',
    path: 'stop.duration_ms',
    argument: '<time>',
    help: 'stop sending new requests after this long, e.g. 60s',
    parse: duration,
  },
  {
    flag: '--warmup',
    group: 'load',
    path: 'warmup',
    argument: '<n|time>',
    help: 'unmeasured warm-up: a number of requests or a duration',
    parse: countOrDuration,
  },
  {
    flag: '--think-time',
    group: 'load',
    path: 'conversations.think_time',
    argument: '<time>',
    help: 'pause before each later turn where the dataset has none: 2s, or a distribution such as lognormal:8s,0.6 or exponential:5s (default none)',
    parse: durations,
  },
  {
    flag: '--ignore-delays',
    group: 'load',
    path: 'conversations.ignore_delays',
    argument: '',
    help: 'ignore the delays between turns in the dataset',
    parse: onOff,
  },
  {
    flag: '--delay-cap',
    group: 'load',
    path: 'conversations.delay_cap_ms',
    argument: '<time>',
    help: 'shorten delays in the dataset to at most this',
    parse: duration,
  },
  {
    flag: '--on-turn-failure',
    group: 'load',
    path: 'conversations.on_turn_failure',
    argument: '<what>',
    help: 'after a failed turn: end the conversation, or continue with the next turn (default end)',
    parse: choice('end', 'continue'),
  },
  {
    flag: '--cancel',
    group: 'load',
    path: 'cancel.share',
    argument: '<share>',
    help: 'cancel this share of the requests, as users do who stop waiting, e.g. 5%; needs --cancel-after',
    parse: share,
  },
  {
    flag: '--cancel-after',
    group: 'load',
    path: 'cancel.after',
    argument: '<times>',
    help: 'how long after it was sent such a request is cancelled, unless it has ended: 2s, uniform:1s,5s, exponential:2s or lognormal:2s,0.5 (median, sigma)',
    parse: durations,
  },
  {
    flag: '--workers',
    group: 'client',
    path: 'client.workers',
    argument: '<n>',
    help: 'engine threads (default auto: all cores but one)',
    parse: number,
  },
  {
    flag: '--cpus',
    group: 'client',
    path: 'client.cpus',
    argument: '<list>',
    help: 'CPUs to pin the engine threads to, one each, e.g. 2,3 or 4-7; everything else is kept off them (needs taskset)',
    parse: cpuList,
  },
  {
    flag: '--seed',
    group: 'load',
    path: 'seed',
    argument: '<n>',
    help: 'seed of arrival times and sample order (default 42)',
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
    help: 'limit of output tokens sent with each request, unless its row sets one',
    parse: number,
  },
  {
    flag: '--max-connections',
    group: 'client',
    path: 'client.max_connections',
    argument: '<n>',
    help: 'maximum number of open connections; a burst keeps them all busy (default 1024)',
    parse: number,
  },
  {
    flag: '--pacing',
    group: 'client',
    path: 'client.pacing',
    argument: '<mode>',
    help: 'how to wait for due times: precise (spin shortly before), economy (sleep only) or auto (default auto: precise when each worker can have an idle core)',
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
    help: 'most probes a second that measure how late each engine thread reads (default 250; 0: none, and no error bound)',
    parse: number,
  },
  {
    flag: '--connections',
    group: 'client',
    path: 'client.connections',
    argument: '<use>',
    help: 'reuse connections, or open a new one for each request, with TCP and TLS inside its times (default reuse)',
    parse: choice('reuse', 'new'),
  },
  {
    flag: '--requests-per-connection',
    group: 'client',
    path: 'client.requests_per_connection',
    argument: '<n>',
    help: 'close a connection after this many responses, so that a load balancer can send the next one elsewhere, e.g. 100 (default: keep it)',
    parse: number,
  },
  {
    flag: '--limit-field',
    group: 'requests',
    path: 'limit_field',
    argument: '<name>',
    help: 'name of that limit: max_tokens or max_completion_tokens (default: max_completion_tokens for chat, max_tokens for completions)',
    parse: choice('max_tokens', 'max_completion_tokens'),
  },
  {
    flag: '--extra',
    group: 'requests',
    path: 'extra',
    argument: '<fields>',
    help: 'fields merged into every request body: JSON such as {"priority": 3}, or name=value; null removes a field; may be repeated',
    parse: bodyFields,
    repeatable: true,
  },
  {
    flag: '--usage',
    group: 'requests',
    path: 'usage',
    argument: '<mode>',
    help: 'ask streaming servers for token usage (stream_options): on, off or auto (default auto: on, unless the row decides)',
    parse: onOffAuto,
  },
  {
    flag: '--path',
    group: 'requests',
    path: 'path',
    argument: '<path>',
    help: 'path below each endpoint, instead of that of the API, e.g. /chat',
    parse: anyText,
  },
  {
    flag: '--skip-bad-rows',
    group: 'requests',
    path: 'skip_bad_rows',
    argument: '',
    help: 'leave out and report dataset rows that cannot be used, instead of refusing the file',
    parse: onOff,
  },
  {
    flag: '--api-key',
    group: 'requests',
    path: 'client.api_key',
    argument: '<key>',
    help: 'sent as Authorization: Bearer, or as x-api-key to --api anthropic; prefer the environment variable',
    parse: anyText,
    environment: 'INFEROMETER_API_KEY',
    secret: true,
  },
  {
    flag: '--header',
    group: 'requests',
    path: 'client.headers',
    argument: '<name: value>',
    help: 'extra request header, e.g. "X-Team: a"; {{sample}} and {{conversation}} in it stand for the id of the sample and the number of its conversation; may be repeated',
    parse: header,
    repeatable: true,
    secret: true,
  },
  {
    flag: '--request-id',
    group: 'requests',
    path: 'client.request_id',
    argument: '',
    help: "send each sample's id as X-Request-Id, to find it in the logs of the server",
    parse: onOff,
  },
  {
    flag: '--traceparent',
    group: 'requests',
    path: 'client.traceparent',
    argument: '',
    help: "send a traceparent header (W3C Trace Context) with each request, whose trace is the sample's id",
    parse: onOff,
  },
  {
    flag: '--request-timeout',
    group: 'client',
    path: 'client.request_timeout_ms',
    argument: '<time>',
    help: 'fail a request that is not fully answered within this time (default 10m)',
    parse: duration,
  },
  {
    flag: '--connect-timeout',
    group: 'client',
    path: 'client.connect_timeout_ms',
    argument: '<time>',
    help: 'fail a connection that is not established (TLS included) within this time (default 30s)',
    parse: duration,
  },
  {
    flag: '--tls-verify',
    group: 'requests',
    path: 'client.tls_verify',
    argument: '<mode>',
    help: 'check the server certificate: on or off (default on)',
    parse: onOff,
  },
  {
    flag: '--proxy',
    group: 'requests',
    path: 'client.proxies',
    argument: '<url>',
    help: 'reach the endpoints through this HTTP proxy, such as http://proxy:3128; none: directly, whatever the environment says; once for all, or once for each --endpoint (default: HTTP_PROXY, HTTPS_PROXY, NO_PROXY)',
    parse: anyText,
    repeatable: true,
    secret: true,
  },
  {
    flag: '--resolve',
    group: 'requests',
    path: 'client.resolve',
    argument: '<addresses>',
    help: 'addresses of the host of an endpoint, instead of looking them up: host:8000:10.0.0.1,10.0.0.2; connections are spread over them',
    parse: anyText,
    repeatable: true,
  },
  {
    flag: '--insecure',
    group: 'requests',
    path: 'client.tls_verify',
    argument: '',
    help: 'accept any server certificate; the same as --tls-verify off',
    parse: () => ({ value: false }),
  },
  {
    flag: '--ca',
    group: 'requests',
    path: 'client.ca_file',
    argument: '<file>',
    help: 'PEM file of the certificate authorities to trust, or of a self-signed certificate, instead of the authorities that Node knows',
    parse: anyText,
  },
  {
    flag: '--cert',
    group: 'requests',
    path: 'client.cert_file',
    argument: '<file>',
    help: 'PEM file of a client certificate, for servers that require one',
    parse: anyText,
  },
  {
    flag: '--key',
    group: 'requests',
    path: 'client.key_file',
    argument: '<file>',
    help: 'PEM file of the private key of --cert (default: it is in the same file)',
    parse: anyText,
    secret: true,
  },
  {
    flag: '--server-name',
    group: 'requests',
    path: 'client.server_name',
    argument: '<name>',
    help: 'server name for TLS (SNI) and for checking the certificate, instead of the host of the endpoint',
    parse: anyText,
  },
  {
    flag: '--check',
    group: 'client',
    path: 'check',
    argument: '<mode>',
    help: 'check the endpoints before the run: on (connect, and ask for the models once), off or auto (default auto: on at a terminal, else only connect)',
    parse: onOffAuto,
  },
  {
    flag: '--no-check',
    group: 'client',
    path: 'check',
    argument: '',
    help: 'start the run without checking the endpoints; the same as --check off',
    parse: () => ({ value: 'off' }),
  },
  {
    flag: '--wait-ready',
    group: 'client',
    path: 'wait_ready_ms',
    argument: '<time>',
    help: 'wait up to this long for a server that is still starting or loading (HTTP 503), e.g. 5m',
    parse: duration,
  },
  {
    flag: '--drain-timeout',
    group: 'client',
    path: 'drain_timeout_ms',
    argument: '<time>',
    help: 'how long to wait for requests in flight after the last one was sent; 0 cancels them at once (default 4m)',
    parse: duration,
  },
  {
    flag: '--token-drain-timeout',
    group: 'output',
    path: 'metrics.drain_timeout_ms',
    argument: '<time>',
    help: 'how long to wait for token counts after the last response; 0 = without limit (default 1m)',
    parse: duration,
  },
  {
    flag: '--abort-when-hopeless',
    group: 'client',
    path: 'abort_when_hopeless',
    argument: '<mode>',
    help: 'end the run when every request fails for 30 s: on, off or auto (default auto: on at a terminal)',
    parse: onOffAuto,
  },
  {
    flag: '--publish-interval',
    group: 'output',
    path: 'metrics.publish_interval_ms',
    argument: '<time>',
    help: 'time between live updates; 0 = no live view (default 250ms)',
    parse: duration,
  },
  {
    flag: '--tokenizer',
    group: 'requests',
    path: 'tokenizer',
    argument: '<file>',
    help: 'tokenizer.json: counts the tokens of every prompt, and of responses whose usage the server does not report',
    parse: anyText,
  },
  {
    flag: '--events-jsonl',
    group: 'output',
    path: 'events_jsonl',
    argument: '<mode>',
    help: 'write events.jsonl at the end of the run: on, off or auto (default auto: when it takes less than about 0.5 s)',
    parse: onOffAuto,
  },
];

/** The setting of a schema path; what is nested in a value is found at its parent. */
export function settingOf(path: string): Setting | undefined {
  return SETTINGS.find(
    (setting) => path === setting.path || path === setting.filePath || path.startsWith(`${setting.path}.`),
  );
}
