import { head, quoted, type Starter } from './starter.ts';

const chat: Starter = {
  about: 'chat: many users, each request on its own, at a rate',
  dataset: 'prompts.jsonl',
  text: (answers) => `${head('Chat: requests arrive at a rate, whether or not the server keeps up.', answers)}
# A row is a prompt, or OpenAI messages; all other fields are sent with it (docs/datasets.md).
dataset: ${quoted(answers.dataset)}
max_output_tokens: 512

load:
  pattern: poisson # arrivals at random moments, as those of users are
  rate_per_second: 10
  # A rate that changes, in the place of rate_per_second:
  # stages:
  #   - { rate_per_second: 5, duration_ms: 60000 }
  #   - { ramp_to_per_second: 50, duration_ms: 300000 }

stop:
  duration_ms: 300000 # 5 minutes
warmup:
  duration_ms: 20000 # sent, but not measured

# What counts as fast enough. A run that misses one exits with code 7.
slo:
  - 'ttft p99 < 1s'
  - 'tpot p95 < 50ms'
  - 'errors < 1%'
good: 'ttft < 1s and tpot < 50ms'

profiles:
  smoke: # run --config FILE --profile smoke
    stop: { duration_ms: 10000 }
    warmup: null
    load: { rate_per_second: 1 }
`,
};

const rag: Starter = {
  about: 'retrieval: long prompts with shared beginnings and short responses',
  dataset: 'rag.jsonl',
  text: (
    answers,
  ) => `${head('Retrieval (RAG): long prompts, short responses, and beginnings that requests share.', answers)}
# Rows with the retrieved passages in the prompt. Without such a file, use generated prompts, which need a tokenizer:
# synthetic: 'input=lognormal:6000,0.4 output=200 prefix=2048x16'
# tokenizer: path/to/tokenizer.json
dataset: ${quoted(answers.dataset)}
max_output_tokens: 256

# A server with a prefix cache is faster for rows that it has seen. To measure without its help:
# salt: { position: prefix }

load:
  pattern: poisson
  rate_per_second: 4
  max_in_flight: 256 # more wait, and the wait is measured

stop:
  duration_ms: 300000
warmup:
  samples: 20

slo:
  - 'ttft p95 < 2s'
  - 'errors < 1%'
`,
};

const agents: Starter = {
  about: 'agents: conversations of several turns, with tools and histories',
  dataset: 'conversations.jsonl',
  text: (
    answers,
  ) => `${head('Agents: whole conversations, each turn after the response to the one before.', answers)}
# Conversations or traces of agents (docs/conversations.md); inferometer dataset show prints what it holds.
dataset: ${quoted(answers.dataset)}
max_output_tokens: 1024

conversations:
  multi_turn: true
  history: auto # live: later turns repeat the responses of this server; recorded: those of the file
  think_time: 'lognormal:4s,0.6' # before each later turn, where the dataset has no delays
  on_turn_failure: end
  # Keep a conversation on one server of several:
  # sticky: ['header:X-Session-ID']

load:
  pattern: concurrency
  concurrency: 16 # conversations at a time

stop:
  conversations: 200

slo:
  - 'ttft p95 < 2s'
  - 'errors < 1%'
`,
};

const batch: Starter = {
  about: 'batch: everything as fast as the server takes it',
  dataset: 'prompts.jsonl',
  text: (answers) => `${head('Batch: how much the server can do when latency does not matter.', answers)}
dataset: ${quoted(answers.dataset)}
max_output_tokens: 512
streaming: 'off'

load:
  pattern: burst # as many in flight as there are connections
client:
  max_connections: 512
  request_timeout_ms: 1800000 # requests may queue in the server for a while

# One pass over the dataset. For a fixed number:
# stop: { samples: 5000 }

judge: [throughput]
slo:
  - 'output tokens/s > 2000'
  - 'errors < 0.1%'
`,
};

const ci: Starter = {
  about: 'CI: a short run with limits that fail the build',
  dataset: 'prompts.jsonl',
  text: (
    answers,
  ) => `${head('CI: a short, repeatable run; run --strict --junit slo.xml makes it a test.', answers)}
dataset: ${quoted(answers.dataset)}
max_output_tokens: 128
seed: 42 # the same requests at the same times in each run

load:
  pattern: constant
  rate_per_second: \${RATE:-5}

stop:
  samples: 400 # enough for a p99 with a confidence interval
warmup:
  samples: 10

# Wait for a server that is still loading, and give up early on one that only fails.
wait_ready_ms: 300000
abort:
  - 'errors > 20% for 20s'

slo:
  - 'ttft p99 < 1s'
  - 'latency p95 < 5s'
  - 'errors < 1%'

profiles:
  pull-request:
    stop: { samples: 100 }
`,
};

/** The config files to start from, by name. */
export const STARTERS = { chat, rag, agents, batch, ci } satisfies Readonly<Record<string, Starter>>;
export type StarterName = keyof typeof STARTERS;
export const STARTER_NAMES = Object.keys(STARTERS) as readonly StarterName[];
