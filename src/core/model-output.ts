/** A finished tool call, or (streamed) one partial of it. Shapes as OpenAI sends them. */
export type ToolCall = Record<string, unknown>;

/**
 * What a sample's endpoint answered. A text that came in chunks is a list: the first chunk, then the rest joined.
 * `toolCalls` holds finished calls, or one array of partials a chunk.
 */
export interface TextModelOutput {
  readonly output: string | readonly string[];
  readonly reasoning: string | readonly string[] | null;
  readonly toolCalls: readonly ToolCall[] | readonly (readonly ToolCall[])[] | null;
}

/** What a sample asked. All parts may be missing. */
export interface PromptData {
  readonly text: string | null;
  readonly tokenIds: readonly number[] | null;
  readonly messages: readonly Record<string, unknown>[] | null;
  readonly tools: readonly Record<string, unknown>[] | null;
  readonly chatTemplateKwargs: Record<string, unknown> | null;
  readonly chatTemplate: string | null;
  readonly toolChoice: unknown;
}

/** Why a sample failed: a stable type to count by, and a message for people. */
export interface ErrorData {
  readonly errorType: string;
  readonly errorMessage: string;
}
