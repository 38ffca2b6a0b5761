import { z } from 'zod';
import { CONCURRENCY, MAX_IN_FLIGHT, RATE_PER_SECOND, REPLAY_SPEED } from '../core/load-ranges.ts';
import { NO_PROXY, normalizedProxy, PROXY_ALLOWED } from '../protocol/proxy.ts';
import { MAX_TICKETS } from '../plan/tickets.ts';
import { parseSynthetic, SYNTHETIC_ALLOWED } from '../workload/synthesis/synthetic-spec.ts';
import {
  APIS,
  APIS_ALLOWED,
  TEMPLATE_PREFIX,
  HISTORIES,
  JUDGED_METRICS,
  LOAD_PATTERNS,
  SAMPLE_ORDERS,
} from './choices.ts';
import { SALT_POSITIONS } from '../dataset/salted-row.ts';
import { DURATIONS_ALLOWED, parseDurations } from './durations.ts';
import { parseResolve, RESOLVE_ALLOWED } from './resolve-entries.ts';

// Each check says what is allowed, in words that follow "must be" for a flag and for a file.

const text = (allowed: string) => z.string(allowed).min(1, allowed);

/** Characters of a URL's path and query. */
const PATH = /^[!$-;=?-Z_a-z~%]+$/;

function choice<const T extends readonly string[]>(choices: T) {
  return z.enum(choices, `one of ${choices.join(', ')}`);
}

function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, 'keys and values');
}

function wholeNumber(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.int(allowed).min(least, allowed).max(most, allowed);
}

/** The longest time a run may issue: its clock counts ns in a number, which does for 104 days. */
const MAX_RUN_MS = 2400 * 3_600_000;
/** The longest trace that a part can be taken of: a year. */
const MAX_TRACE_MS = 8784 * 3_600_000;
/** The longest time to wait for something: a timer does for 24.8 days. */
const MAX_WAIT_MS = 576 * 3_600_000;

function timeAboveZeroMs(most: number) {
  const allowed = `a time above 0, at most ${most} ms (${most / 3_600_000}h)`;
  return z.number(allowed).positive(allowed).max(most, allowed);
}

function timeMs(most: number) {
  const allowed = `a time from 0 to ${most} ms (${most / 3_600_000}h)`;
  return z.number(allowed).nonnegative(allowed).max(most, allowed);
}

function ratePerSecond() {
  const { least, most, allowed } = RATE_PER_SECOND;
  return z.number(allowed).min(least, allowed).max(most, allowed);
}

const SERVER_NAME = 'a host name such as llm.example.com';
const PEM_PATH = 'the path of a PEM file';

/** A path, and not what the file holds. */
function pemPath() {
  return text(PEM_PATH).regex(/^[^\n]+$/, PEM_PATH);
}

const MAX_STAGES = 10_000;
const SHARE = 'a share above 0, at most 1 (100%)';
const BURSTINESS = 'a number from 0.001 to 1000';

function stage() {
  const { most, allowed } = RATE_PER_SECOND;
  const rate = () => z.number(`0 or ${allowed}`).min(0, `0 or ${allowed}`).max(most, `0 or ${allowed}`);
  const { most: mostInFlight, allowed: allowedInFlight } = CONCURRENCY;
  const inFlight = () =>
    z
      .int(`0 or ${allowedInFlight}`)
      .min(0, `0 or ${allowedInFlight}`)
      .max(mostInFlight, `0 or ${allowedInFlight}`);
  const what =
    'a stage: duration_ms, and rate_per_second, ramp_to_per_second, concurrency or ramp_to_concurrency';
  const duration_ms = timeAboveZeroMs(MAX_RUN_MS);
  return z.union(
    [
      z.strictObject({ rate_per_second: rate(), duration_ms }),
      z.strictObject({ ramp_to_per_second: rate(), duration_ms }),
      z.strictObject({ concurrency: inFlight(), duration_ms }),
      z.strictObject({ ramp_to_concurrency: inFlight(), duration_ms }),
    ],
    what,
  );
}

/** Engine threads at most: each is a thread with its own heap. */
const MAX_WORKERS = 64;
const MAX_OUTPUT_TOKENS = 1_000_000_000;
/** More take more time than they tell. */
const MAX_PROBE_RATE = 10_000;
const MAX_CPU = 99_999;

function workers() {
  const allowed = `auto, or a whole number from 1 to ${MAX_WORKERS}`;
  return z.union(
    [z.int(allowed).min(1, allowed).max(MAX_WORKERS, allowed), z.literal('auto', allowed)],
    allowed,
  );
}

/**
 * What a run is asked to do: the one schema behind flags, YAML and the config.yaml of a run. Units are in the names;
 * each field's description is its help text.
 */
export const runConfigSchema = group({
  endpoints: z
    .array(text('a URL'), 'a list of URLs')
    .min(1, 'a list of URLs')
    .describe('base URLs, full URLs or Unix sockets of the servers; requests alternate between them'),
  model: text('a name').describe('model name sent with each request, unless its row names one'),
  dataset: text('the path of a file')
    .optional()
    .describe(
      '.jsonl, .json, .csv or .parquet file with a column prompt or messages, .txt with a prompt per line, a trace, or a folder of such files',
    ),
  format: text('the name of a format')
    .optional()
    .describe('how the dataset is written; default: found out from its content (docs/formats.md)'),
  map: z
    .record(z.string(), text('the name of a column'), 'names and columns')
    .optional()
    .describe('which columns of the dataset are the prompt, the system prompt and so on'),
  synthetic: text(SYNTHETIC_ALLOWED)
    .refine((given) => typeof parseSynthetic(given) !== 'string', SYNTHETIC_ALLOWED)
    .optional()
    .describe('made-up prompts of an exact length, instead of a dataset'),
  conversations: group({
    multi_turn: z
      .boolean('true or false')
      .default(false)
      .describe('send every turn of each conversation of the dataset, one after the other'),
    history: choice(HISTORIES)
      .default('auto')
      .describe("responses that later turns repeat: this server's (live) or those in the file (recorded)"),
    reasoning: choice(['drop', 'keep'])
      .default('drop')
      .describe('whether the history repeats the reasoning of responses'),
    think_time: text(DURATIONS_ALLOWED)
      .refine((given) => parseDurations(given) !== undefined, DURATIONS_ALLOWED)
      .optional()
      .describe('from the end of a turn to the next one, where the dataset does not say'),
    ignore_delays: z.boolean('true or false').default(false).describe('ignore the delays in the dataset'),
    delay_cap_ms: timeMs(MAX_WAIT_MS)
      .optional()
      .describe('delays in the dataset are shortened to at most this'),
    on_turn_failure: choice(['end', 'continue'])
      .default('end')
      .describe('what a failed turn means for the turns after it'),
  }).optional(),
  salt: group({
    position: choice(SALT_POSITIONS).describe('where a salt that keeps servers from using their caches goes'),
    per: choice(['request', 'conversation']).default('request').describe('what has a salt of its own'),
  }).optional(),
  api: z
    .union([z.enum(APIS), z.templateLiteral([TEMPLATE_PREFIX, z.string().min(1)])], APIS_ALLOWED)
    .default('chat')
    .describe('the API that the endpoints speak; docs/protocols.md tells them apart'),
  streaming: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('stream responses; auto: off for burst, else on'),
  max_output_tokens: wholeNumber(1, MAX_OUTPUT_TOKENS)
    .optional()
    .describe('limit of output tokens sent with each request, unless its row sets one'),
  limit_field: choice(['max_tokens', 'max_completion_tokens'])
    .optional()
    .describe('name of that limit; default: max_completion_tokens for chat, max_tokens for completions'),
  extra: z
    .record(z.string(), z.unknown(), 'names and values')
    .default({})
    .describe('fields merged into every request body; null removes a field'),
  usage: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('ask streaming servers for token usage; auto: on, unless the row decides'),
  path: text('a path')
    .regex(PATH, 'a path such as /v2/chat, without spaces and #')
    .optional()
    .describe('path below each endpoint, instead of that of the API'),
  skip_bad_rows: z
    .boolean('true or false')
    .default(false)
    .describe('leave out and report dataset rows that cannot be used'),
  tokenizer: text('the path of a tokenizer.json')
    .optional()
    .describe(
      'path of a tokenizer.json: counts the tokens of every prompt, and of responses whose usage the server does not report',
    ),
  load: group({
    pattern: choice(LOAD_PATTERNS).default('burst').describe('when requests are sent'),
    rate_per_second: ratePerSecond()
      .optional()
      .describe('requests per second, for constant, poisson and gamma'),
    stages: z
      .array(stage(), 'a list of stages')
      .min(1, 'a list of stages')
      .max(MAX_STAGES, `at most ${MAX_STAGES} stages`)
      .optional()
      .describe('a rate or a concurrency that changes, instead of one'),
    stages_file: text('the path of a file')
      .optional()
      .describe('.csv or .json file of such a rate, with the columns second and rate'),
    burstiness: z
      .number(BURSTINESS)
      .min(0.001, BURSTINESS)
      .max(1000, BURSTINESS)
      .optional()
      .describe('shape of the gaps, for gamma'),
    concurrency: wholeNumber(CONCURRENCY.least, CONCURRENCY.most)
      .optional()
      .describe('number of requests in flight, for concurrency'),
    max_in_flight: wholeNumber(1, MAX_IN_FLIGHT)
      .optional()
      .describe('requests in flight at most, for rates and replay; those due beyond it wait'),
    speed: z
      .number(REPLAY_SPEED.allowed)
      .min(REPLAY_SPEED.least, REPLAY_SPEED.allowed)
      .max(REPLAY_SPEED.most, REPLAY_SPEED.allowed)
      .optional()
      .describe('how many times as fast as it was recorded, for replay; default 1'),
    idle_cap_ms: timeAboveZeroMs(MAX_RUN_MS)
      .optional()
      .describe(
        'longest gap between two requests, in time of the run, for replay; longer ones are cut to it',
      ),
    from_ms: timeMs(MAX_TRACE_MS)
      .optional()
      .describe('where to begin, on the clock of the trace since its first arrival, for replay'),
    to_ms: timeAboveZeroMs(MAX_TRACE_MS)
      .optional()
      .describe('where to end, likewise; what arrives at that time is not sent any more'),
  }).prefault({}),
  stop: group({
    samples: wholeNumber(1, MAX_TICKETS)
      .optional()
      .describe(
        'stop after this many requests; default: one pass over the dataset, unless a duration is set',
      ),
    conversations: wholeNumber(1, MAX_TICKETS)
      .optional()
      .describe('stop after this many conversations, when the last one has ended'),
    duration_ms: timeAboveZeroMs(MAX_RUN_MS).optional().describe('stop sending new requests after this long'),
  }).prefault({}),
  warmup: group({
    samples: wholeNumber(1, MAX_TICKETS).optional().describe('requests sent before measuring'),
    duration_ms: timeAboveZeroMs(MAX_RUN_MS).optional().describe('time spent sending before measuring'),
  }).optional(),
  cancel: group({
    share: z.number(SHARE).gt(0, SHARE).max(1, SHARE).describe('share of the requests that are cancelled'),
    after: text(DURATIONS_ALLOWED)
      .refine((given) => parseDurations(given) !== undefined, DURATIONS_ALLOWED)
      .describe('how long after it was sent such a request is cancelled'),
  }).optional(),
  sample_order: choice(SAMPLE_ORDERS).default('without_replacement').describe('which dataset row comes next'),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .default(42)
    .describe('seed of arrival times and sample order'),
  judge: z
    .array(choice(JUDGED_METRICS), 'a list of metrics')
    .min(1, 'a list of metrics')
    .optional()
    .describe('metrics whose verdict counts for the run; default: all that are shown'),
  client: group({
    workers: workers().default('auto').describe('engine threads; auto: all cores but one'),
    cpus: z
      .array(wholeNumber(0, MAX_CPU), 'a list of CPU numbers')
      .min(1, 'a list of CPU numbers')
      .optional()
      .describe('CPUs to pin the engine threads to, one each; everything else is kept off them'),
    max_connections: wholeNumber(1, MAX_IN_FLIGHT)
      .optional()
      .describe('maximum number of open connections; default: 1024, fewer where open files are limited'),
    request_timeout_ms: timeAboveZeroMs(MAX_WAIT_MS)
      .default(600_000)
      .describe('fail a request that is not fully answered within this time'),
    connect_timeout_ms: timeAboveZeroMs(MAX_WAIT_MS)
      .default(30_000)
      .describe('fail a connection that is not established (TLS included) within this time'),
    pacing: choice(['auto', 'precise', 'economy'])
      .default('auto')
      .describe(
        'precise: spin shortly before due times; economy: sleep only; auto: precise when cores are idle',
      ),
    probe_rate: wholeNumber(0, MAX_PROBE_RATE)
      .default(250)
      .describe('probes a second that measure how late each engine thread reads; 0: none'),
    connections: choice(['reuse', 'new'])
      .default('reuse')
      .describe('reuse connections, or open a new one for each request, inside its times'),
    requests_per_connection: wholeNumber(1, MAX_TICKETS)
      .optional()
      .describe('close a connection after this many responses; default: keep it'),
    headers: z
      .record(z.string(), z.string('text'), 'names and values')
      .default({})
      .describe('extra request headers'),
    proxies: z
      .array(
        z
          .string(PROXY_ALLOWED)
          .refine((given) => given === NO_PROXY || normalizedProxy(given) !== undefined, PROXY_ALLOWED)
          .transform((given) => (given === NO_PROXY ? given : normalizedProxy(given)!)),
        'a list of proxies',
      )
      .min(1, 'a list of proxies')
      .optional()
      .describe('HTTP proxies to reach the endpoints through: one for all, or one for each; none: directly'),
    resolve: z
      .array(
        text(RESOLVE_ALLOWED).refine((given) => parseResolve(given) !== undefined, RESOLVE_ALLOWED),
        'a list of hosts with their addresses',
      )
      .optional()
      .describe('addresses of hosts, instead of looking them up'),
    request_id: z.boolean('true or false').default(false).describe("send each sample's id as X-Request-Id"),
    traceparent: z
      .boolean('true or false')
      .default(false)
      .describe('send a traceparent (W3C Trace Context) with each request'),
    api_key: text('text that is not empty')
      .optional()
      .describe('sent as Authorization: Bearer, or as x-api-key to api anthropic; never written to a file'),
    tls_verify: z.boolean('true or false').default(true).describe('check the server certificate'),
    ca_file: pemPath().optional().describe('trusted certificate authorities, instead of those Node knows'),
    cert_file: pemPath().optional().describe('client certificate, for servers that require one'),
    key_file: pemPath().optional().describe('private key of the client certificate'),
    server_name: text(SERVER_NAME)
      .regex(/^(?!\d+(\.\d+){3}$)[A-Za-z0-9_]([A-Za-z0-9_-]*\.?)+$/, SERVER_NAME)
      .optional()
      .describe('name that the server is asked for over TLS, and that its certificate must be for'),
  }).prefault({}),
  drain_timeout_ms: timeMs(MAX_WAIT_MS)
    .default(240_000)
    .describe('how long to wait for requests in flight after the last one was sent; 0 cancels them at once'),
  check: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe(
      'check the endpoints before the run; auto: ask for their models at a terminal, else only connect',
    ),
  wait_ready_ms: timeMs(MAX_WAIT_MS)
    .optional()
    .describe('how long to wait for servers that are still starting; default: not at all'),
  abort_when_hopeless: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('end the run when every request fails for 30 s; auto: at a terminal'),
  metrics: group({
    publish_interval_ms: timeMs(MAX_WAIT_MS).default(250).describe('time between live updates; 0 = none'),
    drain_timeout_ms: timeMs(MAX_WAIT_MS)
      .default(60_000)
      .describe('how long to wait for token counts after the last response; 0 = without limit'),
  }).prefault({}),
  events_jsonl: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('write events.jsonl at the end of the run; auto: when it takes less than about 0.5 s'),
});

/** A checked configuration with all defaults filled in. */
export type RunConfig = z.output<typeof runConfigSchema>;
/** What may be written down: everything with a default may be missing. */
export type RunConfigInput = z.input<typeof runConfigSchema>;
