import { encode } from '@msgpack/msgpack';
import type { ErrorData, PromptData, TextModelOutput } from '../../src/core/model-output.ts';
import { PayloadEncoder } from '../../src/events/payload.ts';

/** The `data` of an event as bytes and as what a reader must make of them. */
export interface Data {
  readonly bytes: Uint8Array;
  readonly json: readonly unknown[];
}

const encoder = new PayloadEncoder();

export function outputData(output: TextModelOutput): Data {
  return {
    bytes: encoder.textModelOutput(output),
    json: ['TextModelOutput', output.output, output.reasoning, output.toolCalls],
  };
}

const NO_PROMPT: PromptData = {
  text: null,
  tokenIds: null,
  messages: null,
  tools: null,
  chatTemplateKwargs: null,
  chatTemplate: null,
  toolChoice: null,
};

export function promptData(parts: Partial<PromptData>): Data {
  const prompt = { ...NO_PROMPT, ...parts };
  return {
    bytes: encoder.promptData(prompt),
    json: [
      'PromptData',
      prompt.text,
      prompt.tokenIds,
      prompt.messages,
      prompt.tools,
      prompt.chatTemplateKwargs,
      prompt.chatTemplate,
      prompt.toolChoice,
    ],
  };
}

export function errorData(error: ErrorData): Data {
  return { bytes: encoder.errorData(error), json: ['ErrorData', error.errorType, error.errorMessage] };
}

/** Bytes of any writer, and what its array says once defaults are filled in and surplus is dropped. */
export function foreignData(array: readonly unknown[], json: readonly unknown[]): Data {
  return { bytes: encode(array), json };
}
