import { mergeToolCalls } from '../core/model-output-text.ts';
import type { TextModelOutput } from '../core/model-output.ts';
import type { FinalOutput } from './adapter.ts';
import type { ChoiceTexts } from './choice-texts.ts';

/** The choices of a stream as one output: texts, tool calls and the first finish reason, in the order of the choices. */
export function joinChoices(
  choices: readonly ChoiceTexts[],
): Pick<FinalOutput, 'output' | 'finishReason' | 'isEmpty'> {
  const output = choices
    .flatMap(({ content, refusal }) => [content, refusal])
    .flatMap((text) => text.firstAndRest());
  const reasoning = choices.flatMap((choice) => choice.reasoning.firstAndRest());
  const toolCalls = toolCallsOf(choices);
  const hasReasoning = reasoning.length > 0;
  return {
    output: {
      output: hasReasoning ? output.join('') : firstAndRest(output),
      reasoning: hasReasoning ? firstAndRest(reasoning) : null,
      toolCalls: toolCalls.length > 0 ? toolCalls : null,
    },
    finishReason: choices.find(({ finishReason }) => finishReason !== null)?.finishReason ?? null,
    isEmpty: output.length === 0 && !hasReasoning && toolCalls.length === 0,
  };
}

/** The calls of one choice as they were streamed; those of several, which may have the same numbers, put together choice by choice. */
function toolCallsOf(choices: readonly ChoiceTexts[]): NonNullable<TextModelOutput['toolCalls']> {
  if (choices.length === 1) return choices[0]!.toolCalls;
  return choices.flatMap((choice) => mergeToolCalls(choice.toolCalls) ?? []);
}

/** The first chunk, then all others joined. */
function firstAndRest(texts: readonly string[]): readonly string[] {
  return texts.length <= 2 ? texts : [texts[0]!, texts.slice(1).join('')];
}
