import { ResponseFormatError, type StreamAccumulator } from '../../src/protocol/adapter.ts';
import { adapterOf, type ApiName } from '../../src/protocol/adapters.ts';
import { channelBit } from '../../src/protocol/chunk-code.ts';

export type Json = Record<string, unknown>;
export const CONTENT = channelBit('content');
export const REASONING = channelBit('reasoning');
export const TOOL = channelBit('tool');
export const REFUSAL = channelBit('refusal');

/** What a message gave: its chunk code, or the type of the error. */
export type Step = number | string;

export function give(accumulator: StreamAccumulator, message: string | Uint8Array): Step {
  // Placed within a larger buffer, as messages are.
  const bytes = Buffer.concat([Buffer.from('data: '), Buffer.from(message), Buffer.from('\n\n')]);
  try {
    return accumulator.onMessage(bytes, 6, bytes.length - 2, false);
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
    return error.errorType;
  }
}

export function answerTo(api: ApiName, messages: readonly (string | Uint8Array)[]) {
  const accumulator = adapterOf(api).createReader().createAccumulator();
  accumulator.reset(1);
  const steps = messages.map((message) => give(accumulator, message));
  return { steps, failure: accumulator.incompleteness()?.errorType, ...accumulator.answer() };
}

export const chat = (delta: unknown, more: Json = {}) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, delta, ...more }] });
export const content = (text: string) => chat({ content: text });
export const completion = (text: unknown) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, text, finish_reason: null }] });
