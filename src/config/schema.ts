import { z } from 'zod';
import { MAX_TICKETS } from '../plan/tickets.ts';
import { APIS, JUDGED_METRICS, LOAD_PATTERNS, SAMPLE_ORDERS } from './choices.ts';

// Each check says what is wanted, in words that do for a flag and for a file.

const text = (wanted: string) => z.string(wanted).min(1, wanted);

function choice<const T extends readonly string[]>(choices: T) {
  return z.enum(choices, `one of ${choices.join(', ')}`);
}

function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, 'keys and values');
}

function wholeNumber(least: number, most: number) {
  const wanted = `a whole number from ${least} to ${most}`;
  return z.int(wanted).min(least, wanted).max(most, wanted);
}

/** The longest time a run may issue: its clock counts ns in a number, which does for 104 days. */
const MAX_RUN_MS = 2400 * 3_600_000;
/** The longest time to wait for something: a timer does for 24.8 days. */
const MAX_WAIT_MS = 576 * 3_600_000;

function timeAboveZeroMs(most: number) {
  const wanted = `a time above 0, at most ${most} ms (${most / 3_600_000}h)`;
  return z.number(wanted).positive(wanted).max(most, wanted);
}

function timeMs(most: number) {
  const wanted = `a time from 0 to ${most} ms (${most / 3_600_000}h)`;
  return z.number(wanted).nonnegative(wanted).max(most, wanted);
}

/** Beyond every machine. */
const MAX_RATE_PER_SECOND = 10_000_000;
/** About one in the longest run. */
const MIN_RATE_PER_SECOND = 0.000_000_1;

function ratePerSecond() {
  const wanted = `a number above 0, at most ${MAX_RATE_PER_SECOND}`;
  return z.number(wanted).min(MIN_RATE_PER_SECOND, wanted).max(MAX_RATE_PER_SECOND, wanted);
}

/** Engine threads at most: each is a thread with a heap of its own. */
const MAX_WORKERS = 64;
/** Requests in flight and connections at most: beyond every machine. */
const MAX_IN_FLIGHT = 1_000_000;
const MAX_OUTPUT_TOKENS = 1_000_000_000;
/** More take more time than they tell. */
const MAX_PROBE_RATE = 10_000;
const MAX_CPU = 99_999;

function workers() {
  const wanted = `auto, or a whole number from 1 to ${MAX_WORKERS}`;
  return z.union([z.int(wanted).min(1, wanted).max(MAX_WORKERS, wanted), z.literal('auto', wanted)], wanted);
}

/**
 * What a run is asked to do: the one schema behind flags, YAML and the config.yaml of a run. Units are in the names;
 * each field's description is its help text.
 */
export const runConfigSchema = group({
  endpoints: z
    .array(text('a URL'), 'a list of URLs')
    .min(1, 'a list of URLs')
    .describe('base URLs of the servers; samples alternate between them'),
  model: text('a name').describe('model name sent with each request'),
  dataset: text('the path of a file').describe(
    'JSON lines, JSON or CSV file with a column prompt (or messages), or text with one a line',
  ),
  api: choice(APIS).default('chat').describe('chat, completions: of OpenAI; sglang: its own generate API'),
  streaming: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('stream the answers; auto: off for burst, else on'),
  max_output_tokens: wholeNumber(1, MAX_OUTPUT_TOKENS)
    .optional()
    .describe('upper limit of output tokens asked for'),
  tokenizer: text('the path of a tokenizer.json')
    .optional()
    .describe(
      'path of a tokenizer.json: counts every prompt, and answers whose tokens the server does not report',
    ),
  load: group({
    pattern: choice(LOAD_PATTERNS).default('burst').describe('when requests are sent'),
    rate_per_second: ratePerSecond().optional().describe('arrivals a second, for constant and poisson'),
    concurrency: wholeNumber(1, MAX_IN_FLIGHT)
      .optional()
      .describe('requests kept in flight, for concurrency'),
  }).prefault({}),
  stop: group({
    samples: wholeNumber(1, MAX_TICKETS)
      .optional()
      .describe('requests to issue; default one pass over the dataset unless a duration is set'),
    duration_ms: timeAboveZeroMs(MAX_RUN_MS).optional().describe('how long to issue requests'),
  }).prefault({}),
  warmup: group({
    samples: wholeNumber(1, MAX_TICKETS).optional().describe('requests sent before measuring'),
    duration_ms: timeAboveZeroMs(MAX_RUN_MS).optional().describe('time spent sending before measuring'),
  }).optional(),
  sample_order: choice(SAMPLE_ORDERS).default('without_replacement').describe('which dataset row comes next'),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(42).describe('seed of arrivals and sample order'),
  judge: z
    .array(choice(JUDGED_METRICS), 'a list of metrics')
    .min(1, 'a list of metrics')
    .optional()
    .describe('metrics whose verdict counts for the run; default: all that are shown'),
  client: group({
    workers: workers().default('auto').describe('engine threads; auto: one core is left to the rest'),
    cpus: z
      .array(wholeNumber(0, MAX_CPU), 'a list of CPU numbers')
      .min(1, 'a list of CPU numbers')
      .optional()
      .describe('CPUs the engine threads are pinned to, one each; the rest of the program keeps off them'),
    max_connections: wholeNumber(1, MAX_IN_FLIGHT)
      .optional()
      .describe('open connections at most; default: 1024, less where open files are limited'),
    request_timeout_ms: timeAboveZeroMs(MAX_WAIT_MS)
      .default(600_000)
      .describe('a request unanswered for so long fails'),
    connect_timeout_ms: timeAboveZeroMs(MAX_WAIT_MS)
      .default(30_000)
      .describe('a connection, with its TLS, not there after so long has failed'),
    pacing: choice(['auto', 'precise', 'economy'])
      .default('auto')
      .describe('precise: spin near a due time; economy: only sleep; auto: precise when cores are idle'),
    probe_rate: wholeNumber(0, MAX_PROBE_RATE)
      .default(250)
      .describe('probes a second that measure how late each engine thread reads; 0: none'),
    connections: choice(['reuse', 'new'])
      .default('reuse')
      .describe('keep connections alive, or open one for each request, inside its times'),
    headers: z
      .record(z.string(), z.string('text'), 'names and values')
      .default({})
      .describe('extra request headers'),
    api_key: text('some text').optional().describe('sent as Authorization: Bearer; never written to a file'),
    tls_verify: z.boolean('true or false').default(true).describe('check the server certificate'),
  }).prefault({}),
  drain_timeout_ms: timeMs(MAX_WAIT_MS)
    .default(240_000)
    .describe('wait so long for requests in flight after issuing ends; 0 = cancel them then'),
  metrics: group({
    publish_interval_ms: timeMs(MAX_WAIT_MS).default(250).describe('time between live snapshots; 0 = none'),
    drain_timeout_ms: timeMs(MAX_WAIT_MS)
      .default(60_000)
      .describe('wait so long for token counts after the last answer; 0 = for all of them'),
  }).prefault({}),
  events_jsonl: choice(['on', 'off', 'auto'])
    .default('auto')
    .describe('export events.jsonl after the run; auto: when the run log is under 256 MB'),
});

/** A checked configuration with all defaults filled in. */
export type RunConfig = z.output<typeof runConfigSchema>;
/** What may be written down: everything with a default may be missing. */
export type RunConfigInput = z.input<typeof runConfigSchema>;
