import { z } from 'zod';
import { InferometerError } from '../core/errors.ts';

// What coordinator and agents say to each other, as JSON over NATS. Events travel as frames of run logs instead.

const index = z.int().min(0);
const count = z.int().min(0);
const ns = z.number();
/** A whole number of ns that may be beyond 2^53. */
const bigNs = z.string().regex(/^-?\d{1,20}$/);

/** An agent that waits for work. */
export const offerSchema = z.object({
  agent_id: z.string().min(1),
  /** As people know it. */
  name: z.string().min(1),
  host: z.string(),
  version: z.string(),
  clock_source: z.string().nullable(),
});
export type Offer = z.infer<typeof offerSchema>;

/** A file that the run needs, kept in the object store under its digest. */
export const sharedFileSchema = z.object({
  /** Of the content, SHA-256 in hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  /** Its name, behind the folder where it is in one; never leads out of that. */
  name: z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0/][^\\\0]*$/),
});
export type SharedFile = z.infer<typeof sharedFileSchema>;

/** A path in the configuration, and the files it stands for. */
export const sharedPathSchema = z.object({
  path: z.string(),
  isFolder: z.boolean(),
  files: z.array(sharedFileSchema),
});
export type SharedPath = z.infer<typeof sharedPathSchema>;

/** A run, as an agent is asked to take part in it. Without any key or password. */
export const jobSchema = z.object({
  run_id: z.string().regex(/^[0-9a-f]{16}$/),
  version: z.string(),
  clock_source: z.string().nullable(),
  /** Its segment of the plan. */
  index,
  count: z.int().min(1),
  /** The names of all agents of the run, in the order of their segments. */
  agents: z.array(z.string().min(1)).min(1),
  config: z.record(z.string(), z.unknown()),
  paths: z.array(sharedPathSchema),
  /** Requests carry an API key, which the agent has to have itself. */
  needs_api_key: z.boolean(),
  /** Of the prompts, in their order: what the agent makes of the files must be the same. */
  prompts_digest: z.string(),
  on_coordinator_loss: z.enum(['finish', 'stop']),
});
export type Job = z.infer<typeof jobSchema>;

/** What became of a request. */
export const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refused'), reason: z.string() }),
  z.object({ kind: z.literal('prepared'), workers: z.int().min(1), max_connections: z.int().min(1) }),
  z.object({
    kind: z.literal('opened'),
    clock_offset_ns: bigNs,
    clock_error_ns: ns,
    pings: count,
  }),
  z.object({
    kind: z.literal('warmed'),
    opened: count,
    failed: count,
    failure: z.object({ error_type: z.string(), error_message: z.string() }).nullable(),
  }),
  z.object({ kind: z.literal('done') }),
]);
export type Reply = z.infer<typeof replySchema>;

/** The coordinator's orders to an agent of its run. One that comes twice, by its number, is carried out once. */
export const orderSchema = z.discriminatedUnion('kind', [
  /** Start the engine; times are counted from the coordinator's origin, on its monotonic clock. */
  z.object({
    kind: z.literal('open'),
    number: count,
    origin_ns: bigNs,
    first_worker: count,
    header: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('warm'), number: count, connections: count }),
  z.object({
    kind: z.literal('phase'),
    number: count,
    phase: index,
    first_sample: count,
    first_conversation: count,
    /** The numbers that are left for samples. */
    max_samples: count.nullable(),
    start_ns: ns,
  }),
  z.object({
    kind: z.literal('change'),
    number: count,
    change: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('pause'), atNs: ns }),
      z.object({ kind: z.literal('resume'), atNs: ns }),
      z.object({ kind: z.literal('rate'), atNs: ns, ratePerSecond: z.number() }),
      z.object({ kind: z.literal('concurrency'), atNs: ns, concurrency: count }),
    ]),
  }),
  z.object({ kind: z.literal('stop'), number: count }),
  z.object({ kind: z.literal('cancel'), number: count }),
  /** Close everything; the run is over, or will not be. */
  z.object({ kind: z.literal('end'), number: count }),
]);
export type Order = z.infer<typeof orderSchema>;

/** What became of the stream, as the one who publishes sees it: `full` and `missing` don't pass by themselves. */
const streamState = z.enum(['ok', 'full', 'missing']);
export type StreamState = z.infer<typeof streamState>;

/** What an agent tells of itself, several times a second. */
export const stateSchema = z.object({
  counts: z.object({
    issued: count,
    completed: count,
    succeeded: count,
    errored: count,
    inFlight: z.int(),
    waiting: z.int(),
    lastReadMs: z.number(),
  }),
  /** Frames in its log, and those of them that the stream has. */
  frames: count,
  shipped: count,
  stream: streamState,
});
export type AgentState = z.infer<typeof stateSchema>;

/** Before anything was sent. */
export const NO_COUNTS: AgentState['counts'] = {
  ...{ issued: 0, completed: 0, succeeded: 0, errored: 0 },
  ...{ inFlight: 0, waiting: 0, lastReadMs: 0 },
};

export function encodeMessage(message: Offer | Job | Reply | Order | AgentState): Uint8Array {
  return Buffer.from(JSON.stringify(message), 'utf8');
}

/** Throws `INFEROMETER_CLUSTER_MESSAGE` (execution) for what is not such a message. */
export function decodeMessage<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw badMessage(what, 'no JSON');
  }
  const checked = schema.safeParse(json);
  if (checked.success) return checked.data;
  const { path, message } = checked.error.issues[0]!;
  throw badMessage(what, `${path.join('.') || 'the message'}: ${message}`);
}

function badMessage(what: string, found: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_CLUSTER_MESSAGE',
    'execution',
    `${what}: cannot be read (${found})`,
  );
}
