/** Formats that no content tells from others, and broken files whose content would be taken for another format's. */
export const FORCED: Readonly<Record<string, string>> = {
  'aiperf/good-random-pool.jsonl': 'aiperf-random-pool',
  'aiperf/good-random-pool-dir': 'aiperf-random-pool',
  'aiperf/good-raw-payload.jsonl': 'raw-payload',
  'aiperf/bad-payload-no-messages.jsonl': 'raw-payload',
  'aiperf/bad-single-empty.jsonl': 'aiperf-single-turn',
  'guidellm/good-trace-minimal.jsonl': 'timed-trace',
  'guidellm/bad-trace-negative.jsonl': 'timed-trace',
  'guidellm/bad-trace-no-output.jsonl': 'timed-trace',
  'sglang/bad-agentic-list.json': 'sglang-agentic',
  'sglang/bad-agentic-none.json': 'sglang-agentic',
};

/** Whose reading is taken, best first, where the format's documentation calls for none of its own. */
export const READ_BY: Readonly<Record<string, readonly string[]>> = {
  aiperf: ['aiperf'],
  guidellm: ['guidellm'],
  'mlcommons-agentic': ['endpoints'],
  otel: ['inference-perf', 'guidellm'],
  sglang: ['sglang'],
  sharegpt: ['sglang'],
  tracelab: ['aiperf'],
  vllm: ['vllm'],
};

interface Reading {
  readonly turns: readonly { readonly messages: readonly { readonly content: unknown }[] }[];
}

interface Departure {
  readonly why: string;
  /** Fields that are not compared. */
  readonly fields?: readonly string[];
  /** The part of both readings that can be compared. */
  readonly pick?: (conversations: readonly Reading[]) => readonly Reading[];
  /** Drawn at random: there is no reading to compare with. */
  readonly isDrawn?: boolean;
}

const LENGTHS = ['input_tokens', 'output_tokens'];
const COUNTED: Departure = { why: 'the peer counted tokens with a tokenizer of its own', fields: LENGTHS };

/** Where our reading differs from a peer's, and why. */
export const DEPARTURES: Readonly<Record<string, Departure>> = {
  'aiperf/good-random-pool.jsonl': { why: 'drawn at random', isDrawn: true },
  'aiperf/good-random-pool-dir': { why: 'drawn at random', isDrawn: true },
  'guidellm/good-columns.csv': {
    why: 'columns that no reader knows are fields of the request',
    fields: ['extra_body'],
  },
  'guidellm/good-lines.txt': {
    why: 'a line is a prompt without its line break, and a blank line is none',
    pick: withoutLineBreaks,
  },
  'otel/good-agent.json': {
    why: 'the peer writes calls of tools into the text of an answer, and sends calls that failed',
    fields: ['recorded_answer', 'recorded_failure'],
  },
  'otel/good-sessions.jsonl': {
    why: 'the peer keeps times and no delays, and replays calls of tools (in the second trace) in its own way',
    fields: ['delay_ms'],
    pick: ([first]) => [first!],
  },
  'otel/good-spans.jsonl': { why: 'the peer keeps times and no delays', fields: ['delay_ms'] },
  'sglang/good-custom.jsonl': { ...COUNTED, why: 'the peer sends the first turn only', pick: firstTurns },
  'sglang/good-openai.jsonl': {
    why: 'the peer counts tokens with a tokenizer of its own, asks 256 where the row says max_completion_tokens, and has no field for tools',
    fields: [...LENGTHS, 'extra_body', 'tools'],
  },
  'sharegpt/good-lines.jsonl': { ...COUNTED, pick: firstTurns },
  'vllm/good-custom.jsonl': {
    why: 'the peer counted tokens with a tokenizer of its own',
    fields: ['input_tokens'],
  },
  'vllm/good-generate.json': { why: 'describes conversations to be made up', isDrawn: true },
};

/** Files that a peer can't use and this program can. */
export const NOT_BROKEN: Readonly<Record<string, string>> = {
  'sglang/bad-openai-no-messages.jsonl': "a row with a prompt is a request; SGLang's reader drops it",
};

function withoutLineBreaks(conversations: readonly Reading[]): readonly Reading[] {
  return conversations
    .map((one) => ({
      ...one,
      turns: one.turns.map((turn) => ({
        ...turn,
        messages: turn.messages.map((message) => ({
          ...message,
          content: String(message.content).trimEnd(),
        })),
      })),
    }))
    .filter(({ turns }) => turns.some(({ messages }) => messages.some(({ content }) => content !== '')));
}

function firstTurns(conversations: readonly Reading[]): readonly Reading[] {
  return conversations.map((one) => ({ ...one, turns: one.turns.slice(0, 1) }));
}
