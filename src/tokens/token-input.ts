import type { MessageParts } from '../core/model-output-text.ts';
import type { PromptData } from '../core/model-output.ts';

/** Something whose tokens are to be counted. */
export type TokenInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: MessageParts }
  | { readonly kind: 'prompt'; readonly prompt: PromptData };

export type TokenInputKind = TokenInput['kind'];

/**
 * Content, reasoning and tool calls (as JSON) of an answer, joined by newlines, as a stand-in for a chat template.
 * No template's framing is in it, so its count differs from a template's by a few tokens.
 */
export function answerAsText({ content, reasoning, toolCalls }: MessageParts): string {
  return joinedByLines([content, reasoning, jsonOf(toolCalls)]);
}

/** Contents and tool calls of all messages, then the tools (as JSON), joined by newlines; see {@link answerAsText}. */
export function promptAsText({ messages, tools }: PromptData): string {
  const lines = (messages ?? []).flatMap(({ content, tool_calls }) => [
    contentAsText(content),
    jsonOf(tool_calls),
  ]);
  return joinedByLines([...lines, jsonOf(tools)]);
}

/** The text of a message's content: the text itself, or the texts among its parts joined by newlines. */
export function contentAsText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return joinedByLines(content.map((part: unknown) => textOfPart(part)));
}

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part;
  const hasText = typeof part === 'object' && part !== null && 'text' in part;
  return hasText && typeof part.text === 'string' ? part.text : '';
}

function jsonOf(value: unknown): string {
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function joinedByLines(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n');
}
