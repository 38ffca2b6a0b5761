import type { z } from 'zod';
import { PRICE_PER_HOUR as PRICE_RANGE } from '../../core/load-ranges.ts';
import { parseAbortRule } from '../../rules/abort-rule.ts';
import { parseGoodRule } from '../../rules/good-rule.ts';
import { parseSteadyChoice } from '../../rules/steady-choice.ts';
import { parseSlo } from '../../rules/slo.ts';
import { JUDGED_METRICS } from '../choices.ts';
import { defaulted, group, optional, type ValueType } from './setting.ts';
import {
  anyText,
  checkedText,
  choice,
  listOf,
  MAX_WAIT_MS,
  ON_OFF,
  numberWithin,
  ON_OFF_AUTO,
  ruleText,
  text,
  timeFromMs,
  timeMs,
} from './value-types.ts';

// How a run begins and ends, how it is judged, and what it writes.

/** Metrics with commas between; `gaps` and `chunk-gap` are one. */
const METRICS_TO_JUDGE: ValueType<z.ZodArray<z.ZodEnum<{ [K in (typeof JUDGED_METRICS)[number]]: K }>>> = {
  title: 'list: metric',
  parse: (given) => {
    const names = given.split(',').map((name) => (name === 'gaps' ? 'chunk_gap' : name.replaceAll('-', '_')));
    return names.every((name) => (JUDGED_METRICS as readonly string[]).includes(name))
      ? { value: [...new Set(names)] }
      : { allowed: `some of ${JUDGED_METRICS.join(', ')}, separated by commas` };
  },
  schema: (zod) =>
    zod.array(choice(JUDGED_METRICS).schema(zod), 'a list of metrics').min(1, 'a list of metrics'),
  completes: JUDGED_METRICS,
};

export const JUDGE = optional(METRICS_TO_JUDGE, {
  flag: '--judge',
  argument: '<metrics>',
  group: 'output',
  help: 'judge the run by these metrics only: ttft, tpot, chunk_gap, latency, throughput',
  defaultNote: ': all that are shown',
});

export const SLO = optional(listOf(ruleText(parseSlo), 'a list of SLOs', 1), {
  flag: '--slo',
  argument: '<limit>',
  group: 'output',
  help: "judge the run by this limit too, e.g. 'ttft p99 < 500ms', 'errors < 1%' or 'output tokens/s > 2000'; may be repeated",
  repeatable: true,
});

export const GOOD = optional(ruleText(parseGoodRule), {
  flag: '--good',
  argument: '<rule>',
  group: 'output',
  help: "count the samples that keep this rule, and report their share and rate, e.g. 'ttft < 500ms and tpot < 50ms'",
});

export const STEADY_STATE = defaulted(
  { ...ruleText(parseSteadyChoice), textOf: (which: string) => which },
  'off',
  {
    flag: '--steady-state',
    argument: '<which>',
    group: 'output',
    help: "also report the figures of the steady part of the run: auto finds it, '30s..5m' or '25%..100%' sets it",
    defaultNote: ': it takes another pass over the run log',
  },
);

export const DRAIN_TIMEOUT = defaulted(timeMs(MAX_WAIT_MS), 240_000, {
  flag: '--drain-timeout',
  argument: '<time>',
  group: 'client',
  help: 'how long to wait for requests in flight after the last one was sent; 0 cancels them at once',
});

export const CHECK = defaulted(ON_OFF_AUTO, 'auto', {
  flag: '--check',
  argument: '<mode>',
  group: 'client',
  help: 'check the endpoints before the run: on (connect, and ask for the models once), off or auto',
  defaultNote: ': on at a terminal, else only connect',
  aliases: [
    {
      flag: '--no-check',
      value: 'off',
      help: 'start the run without checking the endpoints; the same as --check off',
    },
  ],
});

export const WAIT_READY = optional(timeMs(MAX_WAIT_MS), {
  flag: '--wait-ready',
  argument: '<time>',
  group: 'client',
  help: 'wait up to this long for a server that is still starting or loading (HTTP 503), e.g. 5m',
});

export const ABORT_WHEN_HOPELESS = defaulted(ON_OFF_AUTO, 'auto', {
  flag: '--abort-when-hopeless',
  argument: '<mode>',
  group: 'client',
  help: 'end the run when every request fails for 30 s: on, off or auto',
  defaultNote: ': on at a terminal',
});

export const ABORT = optional(listOf(ruleText(parseAbortRule), 'a list of conditions', 1), {
  flag: '--abort',
  argument: '<condition>',
  group: 'client',
  help: "end the run early when this holds, e.g. 'errors > 10% for 20s', 'in flight > 2000' or 'waiting > 500 for 10s'; may be repeated",
  repeatable: true,
});

/** The load is looked at a few times a second: shorter times would depend on when. */
const LEAST_IDLE_MS = 1000;

export const IDLE_TIMEOUT = optional(timeFromMs(LEAST_IDLE_MS, MAX_WAIT_MS), {
  flag: '--idle-timeout',
  argument: '<time>',
  group: 'client',
  help: 'end the run early when requests are in flight and nothing has arrived for this long, e.g. 30s; cancels what is in flight',
});

const SERVER_METRICS_ALLOWED =
  'on, off, auto or URLs such as http://localhost:8000/metrics, without a user name';

function isMetricsUrl(given: string): boolean {
  return /^https?:/.test(given) && URL.canParse(given) && new URL(given).username === '';
}

const SERVER_METRICS_SOURCES: ValueType<z.ZodArray<z.ZodString>> = {
  title: 'on, off, auto, or list: URL',
  parse: anyText,
  schema: (zod) => {
    const source = text(SERVER_METRICS_ALLOWED)
      .schema(zod)
      .refine(
        (given) => ['on', 'off', 'auto'].includes(given) || isMetricsUrl(given),
        SERVER_METRICS_ALLOWED,
      );
    return zod
      .array(source, SERVER_METRICS_ALLOWED)
      .min(1, SERVER_METRICS_ALLOWED)
      .refine((list) => list.length === 1 || list.every(isMetricsUrl), SERVER_METRICS_ALLOWED);
  },
  textOf: (sources: readonly string[]) => sources.join(' '),
};

export const SERVER_METRICS = defaulted(SERVER_METRICS_SOURCES, ['auto'], {
  flag: '--server-metrics',
  argument: '<url>',
  group: 'output',
  help: "record the server's own metrics (Prometheus) once a second: its URL, may be repeated; on: /metrics beside each endpoint, off, or auto",
  defaultNote: ': on at a terminal',
  repeatable: true,
});

const TAG_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._/-]{0,63}$/u;
const LONGEST_TAG = 256;
const TAGS_ALLOWED = `names of letters, digits, ".", "_", "/" and "-", each with a text of up to ${LONGEST_TAG} characters`;

const TAGS_TYPE: ValueType<z.ZodRecord<z.ZodString, z.ZodString>> = {
  title: 'names and texts',
  parse: (given) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
    return name === undefined ? { allowed: 'name=text, such as gpu=h100' } : { value: [name, value] };
  },
  schema: (zod) =>
    zod.record(
      zod.string().regex(TAG_NAME, TAGS_ALLOWED),
      zod.string(TAGS_ALLOWED).max(LONGEST_TAG, TAGS_ALLOWED),
      TAGS_ALLOWED,
    ),
};

export const TAGS = optional(TAGS_TYPE, {
  flag: '--tag',
  argument: '<name=text>',
  group: 'output',
  help: 'a tag to find the run by, e.g. gpu=h100; may be repeated',
  repeatable: true,
  combine: (tags) => Object.fromEntries(tags as readonly [string, string][]),
});

const POWER_ALLOWED =
  'a command that prints JSON lines, or a URL such as http://localhost:9400/metrics, without a user name';

export const POWER = optional(
  listOf(
    checkedText((given) => !/^https?:/.test(given) || isMetricsUrl(given), POWER_ALLOWED),
    'a list of commands and URLs',
    1,
  ),
  {
    flag: '--power',
    argument: '<source>',
    group: 'output',
    help: 'record the power that the servers draw, for joules per token: the URL of an exporter (DCGM, nvidia-smi, IPMI), or a command that prints lines such as {"watts": 312.5}; may be repeated',
    repeatable: true,
  },
);

export const PRICE_PER_HOUR = optional(numberWithin(PRICE_RANGE), {
  flag: '--price-per-hour',
  argument: '<price>',
  group: 'output',
  help: 'total price of the servers per hour; the report then shows the cost per million tokens',
});

export const METRICS = group({
  publish_interval_ms: defaulted(timeMs(MAX_WAIT_MS), 250, {
    flag: '--publish-interval',
    argument: '<time>',
    group: 'output',
    help: 'time between live updates; 0 = no live view',
  }),
  drain_timeout_ms: defaulted(timeMs(MAX_WAIT_MS), 60_000, {
    flag: '--token-drain-timeout',
    argument: '<time>',
    group: 'output',
    help: 'how long to wait for token counts after the last response; 0 = without limit',
  }),
});

export const EVENTS_JSONL = defaulted(ON_OFF_AUTO, 'auto', {
  flag: '--events-jsonl',
  argument: '<mode>',
  group: 'output',
  help: 'write events.jsonl at the end of the run: on, off or auto',
  defaultNote: ': when it takes less than about 0.5 s',
});

export const REPORT_HTML = defaulted(ON_OFF, true, {
  flag: '--report-html',
  argument: '<mode>',
  group: 'output',
  help: 'draw report.html at the end of the run, which takes about half a second: on or off; inferometer report --write draws it later',
});
