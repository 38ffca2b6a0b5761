import type { z } from 'zod';
import { CONCURRENCY, MAX_IN_FLIGHT, RATE_PER_SECOND, REPLAY_SPEED } from '../../core/load-ranges.ts';
import { MAX_TICKETS } from '../../plan/tickets.ts';
import { parseUntilRule } from '../../rules/until-rule.ts';
import { LOAD_PATTERNS, SAMPLE_ORDERS } from '../choices.ts';
import { isRetryable, MAX_RETRIES, RETRY_ALLOWED } from '../retry-list.ts';
import { parseStages } from '../stages.ts';
import { parseDecimal, parseDurationMs, parseShare } from '../units.ts';
import { defaulted, group, optional, optionalGroup, required, type ValueType, type Zod } from './setting.ts';
import {
  choice,
  DURATIONS,
  filePath,
  listOf,
  MAX_RUN_MS,
  numberWithin,
  ruleText,
  timeAboveZeroMs,
  timeMs,
  wholeNumber,
} from './value-types.ts';

/** The longest trace that a part can be taken of: a year. */
const MAX_TRACE_MS = 8784 * 3_600_000;
const MAX_STAGES = 10_000;
const SHARE = 'a share above 0, at most 1 (100%)';

function stageSchema(zod: Zod) {
  const { most, allowed } = RATE_PER_SECOND;
  const rate = () => zod.number(`0 or ${allowed}`).min(0, `0 or ${allowed}`).max(most, `0 or ${allowed}`);
  const { most: mostInFlight, allowed: allowedInFlight } = CONCURRENCY;
  const inFlight = () =>
    zod
      .int(`0 or ${allowedInFlight}`)
      .min(0, `0 or ${allowedInFlight}`)
      .max(mostInFlight, `0 or ${allowedInFlight}`);
  const what =
    'a stage: duration_ms, and rate_per_second, ramp_to_per_second, concurrency or ramp_to_concurrency';
  const duration_ms = timeAboveZeroMs(MAX_RUN_MS).schema(zod);
  return zod.union(
    [
      zod.strictObject({ rate_per_second: rate(), duration_ms }),
      zod.strictObject({ ramp_to_per_second: rate(), duration_ms }),
      zod.strictObject({ concurrency: inFlight(), duration_ms }),
      zod.strictObject({ ramp_to_concurrency: inFlight(), duration_ms }),
    ],
    what,
  );
}

const STAGES: ValueType<z.ZodArray<ReturnType<typeof stageSchema>>> = {
  title: 'stages',
  parse: parseStages,
  schema: (zod) =>
    zod
      .array(stageSchema(zod), 'a list of stages')
      .min(1, 'a list of stages')
      .max(MAX_STAGES, `at most ${MAX_STAGES} stages`),
};

const PORTION: ValueType<z.ZodNumber> = {
  title: 'share',
  parse: (given) => {
    const value = parseShare(given);
    return value === undefined ? { allowed: 'a share such as 5% or 0.05' } : { value };
  },
  schema: (zod) => zod.number(SHARE).gt(0, SHARE).max(1, SHARE),
};

/** With commas between; `connection-reset` is `connection_reset`. */
const RETRIES: ValueType<z.ZodArray<z.ZodPreprocess<z.ZodString>>> = {
  title: 'list: failure',
  parse: (given) => {
    const failures = given.split(',').map((one) => one.trim().replaceAll('-', '_'));
    return failures.every(isRetryable)
      ? { value: [...new Set(failures)] }
      : { allowed: `${RETRY_ALLOWED}, separated by commas` };
  },
  schema: (zod) => {
    const failure = zod.string(RETRY_ALLOWED).min(1, RETRY_ALLOWED).refine(isRetryable, RETRY_ALLOWED);
    // In YAML a status is a number.
    const given = zod.preprocess((one) => (typeof one === 'number' ? String(one) : one), failure);
    return zod.array(given, `a list: ${RETRY_ALLOWED}`).min(1, `a list: ${RETRY_ALLOWED}`);
  },
};

const SAMPLES = wholeNumber(1, MAX_TICKETS);

export const LOAD_SETTINGS = {
  pattern: defaulted(choice(LOAD_PATTERNS), 'burst', {
    flag: '--pattern',
    argument: '<pattern>',
    group: 'load',
    help: 'when requests are sent: burst, constant, poisson, gamma, concurrency or replay',
    defaultNote:
      ', or poisson with --rate or --stages, gamma with --burstiness, concurrency with --concurrency or --stages of one',
    aliases: [
      {
        flag: '--replay',
        value: 'replay',
        help: 'send the requests of a trace at their recorded times; the same as --pattern replay',
      },
    ],
  }),
  rate_per_second: optional(numberWithin(RATE_PER_SECOND), {
    flag: '--rate',
    argument: '<n>',
    group: 'load',
    help: 'requests per second, for constant, poisson and gamma',
  }),
  stages: optional(STAGES, {
    flag: '--stages',
    argument: '<stages>',
    group: 'load',
    fileKey: 'stages_file',
    help: 'a rate or concurrency that changes, instead of --rate or --concurrency: "rate 10 for 1m, ramp to 200 over 5m, pause for 30s", "concurrency 10 for 1m, ramp to 100 over 5m", or @rates.csv with the columns second and rate; ends the run unless --duration does',
  }),
  stages_file: optional(filePath('the path of a file'), {
    form: '--stages @FILE',
    help: '.csv or .json file of such a rate, with the columns second and rate',
  }),
  burstiness: optional(
    numberWithin({ least: 0.001, most: 1000, isWhole: false, allowed: 'a number from 0.001 to 1000' }),
    {
      flag: '--burstiness',
      argument: '<k>',
      group: 'load',
      help: 'shape of the gaps for gamma: below 1 in bursts, 1 as poisson, above 1 more even',
    },
  ),
  concurrency: optional(numberWithin(CONCURRENCY), {
    flag: '--concurrency',
    argument: '<n>',
    group: 'load',
    help: 'number of requests in flight, for concurrency',
  }),
  max_in_flight: optional(wholeNumber(1, MAX_IN_FLIGHT), {
    flag: '--max-in-flight',
    argument: '<n>',
    group: 'load',
    help: 'limit the requests in flight, with a rate, --stages of a rate or --replay; requests beyond the limit wait, and the wait is measured',
  }),
  speed: optional(numberWithin(REPLAY_SPEED), {
    flag: '--speed',
    argument: '<n>',
    group: 'load',
    help: 'how many times as fast as recorded to replay the trace, e.g. 2',
    defaultNote: ' 1',
  }),
  idle_cap_ms: optional(timeAboveZeroMs(MAX_RUN_MS), {
    flag: '--idle-cap',
    argument: '<time>',
    group: 'load',
    help: 'cut longer gaps between the requests of a replay to this, e.g. 5s',
  }),
  from_ms: optional(timeMs(MAX_TRACE_MS), {
    flag: '--from',
    argument: '<time>',
    group: 'load',
    help: 'start a replay this long after the first request of the trace, e.g. 10m',
  }),
  to_ms: optional(timeAboveZeroMs(MAX_TRACE_MS), {
    flag: '--to',
    argument: '<time>',
    group: 'load',
    help: 'end a replay this long after the first request of the trace, e.g. 20m',
  }),
};
export const LOAD = group(LOAD_SETTINGS);

export const STOP_SETTINGS = {
  samples: optional(SAMPLES, {
    flag: '--samples',
    argument: '<n>',
    group: 'load',
    help: 'stop after this many requests',
    defaultNote: ': one pass over the dataset, unless --duration is given',
  }),
  conversations: optional(SAMPLES, {
    flag: '--conversations',
    argument: '<n>',
    group: 'load',
    help: 'with --multi-turn: stop after this many conversations',
    defaultNote: ': each of the dataset once, unless --duration is given',
  }),
  duration_ms: optional(timeAboveZeroMs(MAX_RUN_MS), {
    flag: '--duration',
    argument: '<time>',
    group: 'load',
    help: 'stop sending new requests after this long, e.g. 60s',
  }),
};
export const STOP = group(STOP_SETTINGS);

export const UNTIL = optionalGroup({
  rules: required(listOf(ruleText(parseUntilRule), 'a list of rules', 1), {
    flag: '--until',
    argument: '<figure>',
    group: 'load',
    help: "end the run once this figure is known this precisely, e.g. 'ttft p99 ±3%' (or +-3%), 'requests/s ±2%'; may be repeated: the run ends when all of them are",
    repeatable: true,
  }),
  min_duration_ms: defaulted(timeMs(MAX_RUN_MS), 10_000, {
    flag: '--min-duration',
    argument: '<time>',
    group: 'load',
    help: 'with --until, measure at least this long',
  }),
  max_duration_ms: defaulted(timeAboveZeroMs(MAX_RUN_MS), 3_600_000, {
    flag: '--max-duration',
    argument: '<time>',
    group: 'load',
    help: 'with --until, stop sending new requests after this long, precise or not',
  }),
});

export const WARMUP = optionalGroup(
  {
    samples: optional(SAMPLES, { form: '--warmup N', help: 'requests sent before measuring' }),
    duration_ms: optional(timeAboveZeroMs(MAX_RUN_MS), {
      form: '--warmup TIME',
      help: 'time spent sending before measuring',
    }),
  },
  {
    about: {
      flag: '--warmup',
      argument: '<n|time>',
      group: 'load',
      help: 'unmeasured warm-up: a number of requests or a duration',
    },
    parse: (given) => {
      const samples = parseDecimal(given);
      if (samples !== undefined) return { value: { samples } };
      const durationMs = parseDurationMs(given);
      return durationMs === undefined
        ? { allowed: 'a number of requests such as 100, or a duration such as 10s' }
        : { value: { duration_ms: durationMs } };
    },
  },
);

export const CANCEL = optionalGroup({
  share: required(PORTION, {
    flag: '--cancel',
    argument: '<share>',
    group: 'load',
    help: 'cancel this share of the requests, as users do who stop waiting, e.g. 5%; needs --cancel-after',
  }),
  after: required(DURATIONS, {
    flag: '--cancel-after',
    argument: '<times>',
    group: 'load',
    help: 'how long after it was sent such a request is cancelled, unless it has ended: 2s, uniform:1s,5s, exponential:2s or lognormal:2s,0.5 (median, sigma)',
  }),
});

export const RETRY = optionalGroup({
  on: required(RETRIES, {
    flag: '--retry',
    argument: '<failures>',
    group: 'load',
    help: 'retry requests that fail in these ways: statuses such as 429, classes such as 5xx or failures such as connection_reset, separated by commas; waits as long as Retry-After says, or 0.5 s and longer each time',
  }),
  max: defaulted(wholeNumber(1, MAX_RETRIES), 3, {
    flag: '--retry-max',
    argument: '<n>',
    group: 'load',
    help: 'maximum number of retries of a request, with --retry',
  }),
});

export const SAMPLE_ORDER = defaulted(choice(SAMPLE_ORDERS), 'without_replacement', {
  flag: '--sample-order',
  argument: '<order>',
  group: 'load',
  help: 'which dataset row comes next: without-replacement, with-replacement or sequential',
});

export const SEED = defaulted(wholeNumber(0, Number.MAX_SAFE_INTEGER), 42, {
  flag: '--seed',
  argument: '<n>',
  group: 'load',
  help: 'seed of arrival times and sample order',
});
