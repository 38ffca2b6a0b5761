import type { TextModelOutput } from '../core/model-output.ts';
import type { FinalOutput, ReportedTokens } from './adapter.ts';
import type { MessageParts } from './openai-message.ts';

/** The response that a body holds: the parts of its choices, joined in their order. */
export function wholeOutput(
  parts: readonly MessageParts[],
  finishReason: string | null,
  tokens: ReportedTokens,
): FinalOutput {
  const reasoning = parts.map((one) => one.reasoning).join('');
  const toolCalls = parts.flatMap((one) => one.toolCalls);
  const output = {
    output: parts.map(({ content, refusal }) => content + refusal).join(''),
    reasoning: reasoning === '' ? null : reasoning,
    toolCalls: toolCalls.length > 0 ? toolCalls : null,
  };
  return { output, finishReason, tokens, firstChunkTokens: NaN, isEmpty: isEmptyOutput(output) };
}

export function isEmptyOutput({ output, reasoning, toolCalls }: TextModelOutput): boolean {
  return output.length === 0 && reasoning === null && toolCalls === null;
}
