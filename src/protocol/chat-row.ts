import type { SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { missingInput } from './openai-request.ts';

/** What a row asks in a conversation, by `messages` or by a prompt after an optional system prompt. */
export interface AskedChat {
  /** As OpenAI's chat API writes them, or as the row does. */
  readonly messages: readonly JsonObject[];
  /** Columns that were used. */
  readonly used: readonly string[];
}

/** Throws `InferometerError` (input) for a row that asks nothing. */
export function askedChat(api: string, row: SampleInput): AskedChat {
  const { messages, prompt, system } = row;
  if (Array.isArray(messages) && messages.length > 0) {
    return { messages: (messages as readonly unknown[]).filter(isJsonObject), used: ['messages'] };
  }
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw missingInput(api, row, 'a prompt or messages');
  }
  const question = { role: 'user', content: prompt as unknown };
  const hasSystem = typeof system === 'string' && system !== '';
  return {
    messages: hasSystem ? [{ role: 'system', content: system }, question] : [question],
    used: ['messages', 'prompt', 'system'],
  };
}

/** The parts of a message's content; a text is one. */
export function contentParts(content: unknown): readonly JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return (content as readonly unknown[]).flatMap((part) =>
    typeof part === 'string' ? [{ type: 'text', text: part }] : isJsonObject(part) ? [part] : [],
  );
}

/** The texts of a message's content, joined. */
export function contentText(content: unknown): string {
  return contentParts(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('');
}

/** The address of an image part of OpenAI's chat API; undefined for another part. */
export function imageUrl({ type, image_url: image }: JsonObject): string | undefined {
  if (type !== 'image_url') return undefined;
  const url = isJsonObject(image) ? image.url : image;
  return typeof url === 'string' ? url : undefined;
}

/** Media type and base64 of a `data:` URL. */
export function dataUrl(url: string): { readonly mediaType: string; readonly base64: string } | undefined {
  const found = /^data:([^;,]*);base64,/.exec(url);
  return found === null ? undefined : { mediaType: found[1]!, base64: url.slice(found[0].length) };
}

/** The tool calls of an assistant's message, as OpenAI's chat API writes them. */
export function askedCalls({ tool_calls: calls }: JsonObject): readonly AskedCall[] {
  if (!Array.isArray(calls)) return [];
  return (calls as readonly unknown[]).filter(isJsonObject).map((call) => {
    const called = isJsonObject(call.function) ? call.function : {};
    const given = called.arguments;
    return {
      id: call.id,
      name: called.name,
      text: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
      value: typeof given === 'string' ? parsed(given) : (given ?? {}),
    };
  });
}

export interface AskedCall {
  readonly id: unknown;
  readonly name: unknown;
  /** The arguments as JSON text, and as the value. */
  readonly text: string;
  readonly value: unknown;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
