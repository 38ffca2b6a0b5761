/** The part of a completion request that the mock server heeds. */
export interface CompletionRequest {
  readonly api: 'chat' | 'completions';
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Infinity when the client set none. */
  readonly tokenLimit: number;
  /** Words of the prompt, or its token numbers. */
  readonly promptTokens: number;
  /** The number behind a `#` that begins the prompt or the last message. */
  readonly promptNumber: number | null;
}

/** The request in a body, or what is wrong with it. */
export function parseCompletionRequest(
  api: CompletionRequest['api'],
  body: Buffer,
): CompletionRequest | { readonly problem: string } {
  const fields = parseObject(body);
  if (fields === undefined) return { problem: 'the body is no JSON object' };
  const prompt = api === 'chat' ? chatPrompt(fields.messages) : completionPrompt(fields.prompt);
  if (prompt === undefined) {
    const wanted = api === 'chat' ? 'messages: wanted a list of messages' : 'prompt: wanted a text or a list';
    return { problem: wanted };
  }
  const tokenLimit = fields.max_completion_tokens ?? fields.max_tokens ?? Infinity;
  if (typeof tokenLimit !== 'number' || !(tokenLimit >= 1)) {
    return { problem: 'max_tokens: wanted a number from 1 up' };
  }
  return {
    api,
    model: typeof fields.model === 'string' ? fields.model : '',
    stream: fields.stream === true,
    includeUsage: isObject(fields.stream_options) && fields.stream_options.include_usage === true,
    tokenLimit: Math.floor(tokenLimit),
    ...prompt,
  };
}

type Prompt = Pick<CompletionRequest, 'promptTokens' | 'promptNumber'>;

function chatPrompt(messages: unknown): Prompt | undefined {
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) return undefined;
  const texts = messages.map(({ content }) => contentText(content));
  return {
    promptTokens: texts.reduce((sum, text) => sum + wordCount(text), 0),
    promptNumber: leadingNumber(texts.at(-1)!),
  };
}

function completionPrompt(prompt: unknown): Prompt | undefined {
  if (typeof prompt === 'string')
    return { promptTokens: wordCount(prompt), promptNumber: leadingNumber(prompt) };
  return Array.isArray(prompt) ? { promptTokens: prompt.length, promptNumber: null } : undefined;
}

/** A message's content: a text, or parts of which some have one. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join(' ');
}

function leadingNumber(text: string): number | null {
  const digits = /^#(\d{1,15})(?!\d)/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Runs of characters between white space. */
export function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
