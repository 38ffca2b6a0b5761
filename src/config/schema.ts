import { z } from 'zod';

const positive = z.number().positive();
const count = z.int().positive();
const durationMs = z.number().nonnegative();

export const LOAD_PATTERNS = ['burst', 'constant', 'poisson', 'concurrency'] as const;
export const SAMPLE_ORDERS = ['without_replacement', 'with_replacement', 'sequential'] as const;

/** Engine threads at most: each is a thread with a heap of its own. */
const MAX_WORKERS = 64;

/**
 * What a run is asked to do: the one schema behind flags, YAML and the config.yaml of a run. Units are in the names;
 * each field's description is its help text.
 */
export const runConfigSchema = z.strictObject({
  endpoints: z.array(z.string()).min(1).describe('base URLs of the servers; samples alternate between them'),
  model: z.string().min(1).describe('model name sent with each request'),
  dataset: z.string().min(1).describe('JSON lines, JSON or CSV file with a column prompt (or messages)'),
  api: z.enum(['chat', 'completions']).default('chat').describe('which OpenAI text API to speak'),
  streaming: z
    .enum(['on', 'off', 'auto'])
    .default('auto')
    .describe('stream the answers; auto: off for burst, else on'),
  max_output_tokens: count.optional().describe('upper limit of output tokens asked for'),
  tokenizer: z
    .string()
    .optional()
    .describe('path of a tokenizer.json, to count tokens the server does not report'),
  load: z
    .strictObject({
      pattern: z.enum(LOAD_PATTERNS).default('burst').describe('when requests are sent'),
      rate_per_second: positive.optional().describe('arrivals a second, for constant and poisson'),
      concurrency: count.optional().describe('requests kept in flight, for concurrency'),
    })
    .prefault({}),
  stop: z
    .strictObject({
      samples: count
        .optional()
        .describe('requests to issue; default one pass over the dataset unless a duration is set'),
      duration_ms: positive.optional().describe('how long to issue requests'),
    })
    .prefault({}),
  warmup: z
    .strictObject({
      samples: count.optional().describe('requests sent before measuring'),
      duration_ms: positive.optional().describe('time spent sending before measuring'),
    })
    .optional(),
  sample_order: z.enum(SAMPLE_ORDERS).default('without_replacement').describe('which dataset row comes next'),
  seed: z.int().nonnegative().default(42).describe('seed of arrivals and sample order'),
  client: z
    .strictObject({
      workers: z
        .union([count.max(MAX_WORKERS), z.literal('auto')])
        .default('auto')
        .describe('engine threads; auto: one core is left to the rest'),
      cpus: z
        .array(z.int().nonnegative())
        .min(1)
        .optional()
        .describe('CPUs the engine threads are pinned to, one each; the rest of the program keeps off them'),
      max_connections: count
        .optional()
        .describe('open connections at most; default: 1024, less where open files are limited'),
      request_timeout_ms: positive.default(600_000).describe('a request unanswered for so long fails'),
      pacing: z
        .enum(['auto', 'precise', 'economy'])
        .default('auto')
        .describe('precise: spin near a due time; economy: only sleep; auto: precise when cores are idle'),
      connections: z
        .enum(['reuse', 'new'])
        .default('reuse')
        .describe('keep connections alive, or open one for each request, inside its times'),
      headers: z.record(z.string(), z.string()).default({}).describe('extra request headers'),
      api_key: z
        .string()
        .min(1)
        .optional()
        .describe('sent as Authorization: Bearer; never written to a file'),
      tls_verify: z.boolean().default(true).describe('check the server certificate'),
    })
    .prefault({}),
  drain_timeout_ms: durationMs
    .default(240_000)
    .describe('wait so long for requests in flight after issuing ends'),
  metrics: z
    .strictObject({
      publish_interval_ms: durationMs.default(250).describe('time between live snapshots; 0 = none'),
      drain_timeout_ms: durationMs
        .default(60_000)
        .describe('time for token counting after the run; 0 = no limit'),
    })
    .prefault({}),
  events_jsonl: z
    .enum(['on', 'off', 'auto'])
    .default('auto')
    .describe('export events.jsonl after the run; auto: when the run log is under 256 MB'),
});

/** A checked configuration with all defaults filled in. */
export type RunConfig = z.output<typeof runConfigSchema>;
/** What may be written down: everything with a default may be missing. */
export type RunConfigInput = z.input<typeof runConfigSchema>;
