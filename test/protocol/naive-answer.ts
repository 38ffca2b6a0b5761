import type { FinalOutput } from '../../src/protocol/adapter.ts';
import type { ApiName } from '../../src/protocol/adapters.ts';
import { NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import { UNKNOWN_TOKENS } from '../../src/protocol/openai-reply.ts';
import { CONTENT, REASONING, type Json, type Step } from './streamed-frames.ts';

/**
 * The same by the plainest means: each frame is decoded and parsed on its own, texts are concatenated. Only for frames of the shapes the
 * properties make.
 */
export class NaiveAnswer {
  readonly #contents: string[] = [];
  readonly #reasonings: string[] = [];
  readonly #api: ApiName;
  #finishReason: string | null = null;

  constructor(api: ApiName) {
    this.#api = api;
  }

  give(message: Uint8Array): Step {
    let frame: Json;
    try {
      frame = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(message)) as Json;
    } catch {
      return 'malformed_response';
    }
    if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return 'malformed_response';
    if (frame.error || frame.object === 'error') return 'server_error';
    const choices = frame.choices ?? [];
    if (!Array.isArray(choices)) return 'malformed_response';
    const read = choices.map((choice) => this.#read(choice));
    const failure = read.find((part) => typeof part === 'string');
    if (failure !== undefined) return failure;
    const parts = read.filter((part) => typeof part !== 'string');
    for (const { finishReason, content, thought } of parts) {
      if (finishReason !== '') this.#finishReason = finishReason;
      if (content !== '') this.#contents.push(content);
      if (thought !== '') this.#reasonings.push(thought);
    }
    const codes = parts.map(({ content, thought }) => (content ? CONTENT : 0) | (thought ? REASONING : 0));
    return codes.find((code) => code !== NO_CHUNK) ?? NO_CHUNK;
  }

  /** What a choice adds, or why it can't be read. */
  #read(choice: unknown): { finishReason: string; content: string; thought: string } | string {
    const wrong = 'malformed_response';
    if (!isObject(choice)) return wrong;
    const { delta: given, message, text, finish_reason: finishReason } = choice as Json;
    const delta = (this.#api === 'chat' ? (given ?? message ?? {}) : { content: text }) as Json;
    if (!isObject(delta)) return wrong;
    const { content, reasoning_content, reasoning, tool_calls } = delta;
    // The first reasoning that is not empty counts, and what follows it is not looked at.
    const texts = [content, reasoning_content, ...(reasoning_content ? [] : [reasoning]), finishReason];
    if (texts.some((one) => one !== undefined && one !== null && typeof one !== 'string')) return wrong;
    if (tool_calls !== undefined && tool_calls !== null && !Array.isArray(tool_calls)) return wrong;
    return {
      finishReason: (finishReason ?? '') as string,
      content: (content ?? '') as string,
      thought: ((this.#api === 'chat' && (reasoning_content || reasoning)) || '') as string,
    };
  }

  answer(): FinalOutput {
    const hasReasoning = this.#reasonings.length > 0;
    const output = hasReasoning ? this.#contents.join('') : firstAndRest(this.#contents);
    const reasoning = hasReasoning ? firstAndRest(this.#reasonings) : null;
    return {
      output: { output, reasoning, toolCalls: null },
      finishReason: this.#finishReason,
      tokens: UNKNOWN_TOKENS,
      firstChunkTokens: NaN,
      isEmpty: this.#contents.length === 0 && !hasReasoning,
    };
  }
}

function firstAndRest([first, ...rest]: readonly string[]): string[] {
  if (first === undefined) return [];
  const whole = [first, ...rest].join('');
  const at = first.length - 1;
  // Half a character takes the other half with it.
  const end = first.length + (whole.codePointAt(at)! > 0xffff ? 1 : 0);
  return [whole.slice(0, end), whole.slice(end)].filter((part) => part !== '');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
