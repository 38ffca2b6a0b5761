import type { MockApi } from './mock-apis.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a request asks, in words and by number. */
export interface AskedPrompt {
  /** Words of the prompt, or its token numbers. */
  readonly promptTokens: number;
  /** The number behind a `#` that begins the prompt or the last message. */
  readonly promptNumber: number | null;
  /** Vectors, scores or images that it wants, of APIs that respond with these. */
  readonly items?: number;
  /** Sound as samples without a header, and as events. */
  readonly isRawSound?: boolean;
  readonly isEventSound?: boolean;
}

/** Where an API has what the mock server heeds. */
export interface RequestFields {
  /** Undefined when it is missing, or has another shape. */
  prompt(fields: Fields): AskedPrompt | undefined;
  /** What `prompt` wants. */
  readonly wanted: string;
  /** Absent or null: no limit. */
  limit(fields: Fields): unknown;
  readonly limitName: string;
  readonly isLimitRequired?: boolean;
  /** Undefined where the path tells. */
  stream?(fields: Fields): boolean;
}

const streamIfTrue = ({ stream }: Fields) => stream === true;
/** Ollama streams unless told otherwise. */
const streamIfNotFalse = ({ stream }: Fields) => stream !== false;
const MESSAGES = 'messages must be a list of messages';
const PROMPT = 'prompt must be a text or a list';

const OPENAI = {
  limit: ({ max_completion_tokens: newName, max_tokens: oldName }: Fields) => newName ?? oldName,
  limitName: 'max_tokens',
  stream: streamIfTrue,
} as const;

const OLLAMA = {
  // A negative limit is none.
  limit: ({ options }: Fields) => {
    const limit = isObject(options) ? options.num_predict : undefined;
    return typeof limit === 'number' && limit < 0 ? undefined : limit;
  },
  limitName: 'options.num_predict',
  stream: streamIfNotFalse,
} as const;

const NO_LIMIT = { limit: () => undefined, limitName: '' } as const;

const EMBEDDED: RequestFields = {
  ...NO_LIMIT,
  prompt: ({ input }) => ofTexts([input].flat()),
  wanted: 'input must be a text or a list of texts',
};

export const REQUEST_FIELDS: Readonly<Record<MockApi, RequestFields>> = {
  chat: { ...OPENAI, prompt: ({ messages }) => ofMessages(messages), wanted: MESSAGES },
  completions: { ...OPENAI, prompt: ({ prompt }) => ofTextOrTokens(prompt), wanted: PROMPT },
  responses: {
    prompt: ({ input, instructions }) => ofMessages(asMessages(input), instructions),
    wanted: 'input must be a text or a list of items',
    limit: ({ max_output_tokens: limit }) => limit,
    limitName: 'max_output_tokens',
    stream: streamIfTrue,
  },
  anthropic: {
    prompt: ({ messages, system }) => ofMessages(messages, system),
    wanted: MESSAGES,
    limit: ({ max_tokens: limit }) => limit,
    limitName: 'max_tokens',
    isLimitRequired: true,
    stream: streamIfTrue,
  },
  ollama: { ...OLLAMA, prompt: ({ messages }) => ofMessages(messages), wanted: MESSAGES },
  'ollama-generate': {
    ...OLLAMA,
    prompt: ({ prompt, system }) =>
      typeof prompt === 'string' ? ofMessages(asMessages(prompt), system) : undefined,
    wanted: 'prompt must be a text',
  },
  tgi: {
    prompt: ({ inputs }) => (typeof inputs === 'string' ? ofTextOrTokens(inputs) : undefined),
    wanted: 'inputs must be a text',
    limit: ({ parameters }) => (isObject(parameters) ? parameters.max_new_tokens : undefined),
    limitName: 'parameters.max_new_tokens',
  },
  triton: {
    prompt: ({ text_input: text }) => (typeof text === 'string' ? ofTextOrTokens(text) : undefined),
    wanted: 'text_input must be a text',
    limit: ({ parameters }) => (isObject(parameters) ? parameters.max_tokens : undefined),
    limitName: 'parameters.max_tokens',
  },
  kserve: {
    prompt: ({ inputs }) => {
      const text = tensorValue(inputs, 'text_input');
      return typeof text === 'string' ? ofTextOrTokens(text) : undefined;
    },
    wanted: 'inputs must have a tensor text_input of one text',
    limit: ({ inputs }) => tensorValue(inputs, 'max_tokens'),
    limitName: 'the tensor max_tokens',
  },
  embeddings: EMBEDDED,
  'ollama-embed': EMBEDDED,
  rerank: {
    ...NO_LIMIT,
    prompt: ({ query, documents }) =>
      Array.isArray(documents) ? ofTexts(documents as readonly unknown[], [query]) : undefined,
    wanted: 'documents must be a list of texts',
  },
  score: {
    ...NO_LIMIT,
    prompt: ({ text_1: first, text_2: second }) => ofTexts([second].flat(), [first].flat()),
    wanted: 'text_1 and text_2 must be texts',
  },
  images: {
    ...NO_LIMIT,
    prompt: ({ prompt, n }) =>
      typeof prompt === 'string'
        ? { ...ofTextOrTokens(prompt)!, items: typeof n === 'number' ? n : 1 }
        : undefined,
    wanted: 'prompt must be a text',
    stream: streamIfTrue,
  },
  speech: {
    ...NO_LIMIT,
    prompt: ({ input, response_format: format, stream_format: stream }) =>
      typeof input === 'string'
        ? { ...ofTextOrTokens(input)!, isRawSound: format === 'pcm', isEventSound: stream === 'sse' }
        : undefined,
    wanted: 'input must be a text',
    // Sound goes out as it is made.
    stream: () => true,
  },
  transcription: {
    ...NO_LIMIT,
    prompt: ({ file, prompt }) =>
      typeof file === 'string' ? ofTextOrTokens(typeof prompt === 'string' ? prompt : '') : undefined,
    wanted: 'file must be a file',
    stream: ({ stream }) => stream === 'true',
  },
  llamacpp: {
    prompt: ({ prompt }) => ofTextOrTokens(prompt),
    wanted: PROMPT,
    limit: ({ n_predict: limit }) => (limit === -1 ? undefined : limit),
    limitName: 'n_predict',
    stream: streamIfTrue,
  },
};

/** The first value of a tensor in the inputs of a KServe request. */
function tensorValue(inputs: unknown, name: string): unknown {
  const tensors = Array.isArray(inputs) ? inputs.filter(isObject) : [];
  const data = tensors.find((tensor) => tensor.name === name)?.data;
  return Array.isArray(data) ? (data as readonly unknown[])[0] : undefined;
}

function asMessages(input: unknown): unknown {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}

function ofMessages(messages: unknown, system?: unknown): AskedPrompt | undefined {
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) return undefined;
  const texts = messages.map(({ content }) => contentText(content));
  return {
    promptTokens: [contentText(system), ...texts].reduce((sum, text) => sum + wordCount(text), 0),
    promptNumber: leadingNumber(texts.at(-1)!),
  };
}

function ofTextOrTokens(prompt: unknown): AskedPrompt | undefined {
  if (typeof prompt === 'string') {
    return { promptTokens: wordCount(prompt), promptNumber: leadingNumber(prompt) };
  }
  return Array.isArray(prompt) ? { promptTokens: prompt.length, promptNumber: null } : undefined;
}

/** A message's content: a text, or parts of which some have one. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join(' ');
}

/** An item for each of the texts. */
function ofTexts(texts: readonly unknown[], others: readonly unknown[] = []): AskedPrompt | undefined {
  const all = [...others, ...texts];
  if (texts.length === 0 || !all.every((text) => typeof text === 'string')) return undefined;
  return {
    promptTokens: all.reduce((sum, text) => sum + wordCount(text), 0),
    promptNumber: leadingNumber(all[0]!),
    items: texts.length,
  };
}

function leadingNumber(text: string): number | null {
  const digits = /^#(\d{1,15})(?!\d)/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Runs of characters between white space. */
export function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
