import type { TextModelOutput, ToolCall } from './model-output.ts';

type Chunks = string | readonly string[] | null;

/** The parts of an answer that a chat template renders. */
export interface MessageParts {
  readonly content: string;
  readonly reasoning: string | null;
  readonly toolCalls: readonly ToolCall[] | null;
}

/** What reasoning, output and tool calls hold; each may be absent. */
type OutputParts = Readonly<Record<'reasoning' | 'output', Chunks>> & {
  readonly toolCalls: readonly ToolCall[] | null;
};

/**
 * The finished tool calls of an answer, or null when there are none.
 *
 * Streamed partials (one array a chunk) are joined by `index` (0 when absent): the last non-empty id, type and
 * function name win, arguments are appended; the calls come in the order of their index with the keys type, function,
 * id. Calls that are finished already are returned as they are.
 */
export function mergeToolCalls(toolCalls: TextModelOutput['toolCalls']): readonly ToolCall[] | null {
  if (toolCalls === null || toolCalls.length === 0) return null;
  if (!isChunked(toolCalls)) return toolCalls;
  const byIndex = new Map<number, MergedToolCall>();
  for (const partial of toolCalls.flat()) mergePartial(byIndex, partial);
  return [...byIndex.entries()].sort(([a], [b]) => a - b).map(([, call]) => call);
}

/** The whole answer as one text: reasoning, output, then the merged tool calls as compact JSON; no separators. */
export function fullText(output: TextModelOutput): string {
  return concatenate({ ...output, toolCalls: mergeToolCalls(output.toolCalls) });
}

/**
 * The answer without its first chunk, as one text like {@link fullText}.
 *
 * The first chunk is the first of the reasoning when there is any, else of the output, else of the tool calls. A part
 * that came as plain text has no chunks: plain reasoning is dropped whole, plain output too unless chunked reasoning
 * came before it.
 */
export function textAfterFirstChunk(output: TextModelOutput): string {
  return concatenate(afterFirstChunk(output));
}

/** The whole answer by part. A part that is absent or empty is null; the content is then empty. */
export function messageParts(output: TextModelOutput): MessageParts {
  return partsOf({ ...output, toolCalls: mergeToolCalls(output.toolCalls) });
}

/** The answer by part without its first chunk, which is chosen as in {@link textAfterFirstChunk}. */
export function messagePartsAfterFirstChunk(output: TextModelOutput): MessageParts {
  return partsOf(afterFirstChunk(output));
}

/** True when the answer holds reasoning or tool calls, so that its text alone does not tell its tokens. */
export function isStructured(output: TextModelOutput): boolean {
  return isPresent(output.reasoning) || isPresent(output.toolCalls);
}

interface MergedToolCall extends ToolCall {
  type: unknown;
  function: { arguments: string; name?: unknown };
  id?: unknown;
}

function mergePartial(byIndex: Map<number, MergedToolCall>, partial: ToolCall): void {
  const index = typeof partial.index === 'number' ? partial.index : 0;
  let call = byIndex.get(index);
  if (call === undefined) {
    call = { type: 'function', function: { arguments: '' } };
    byIndex.set(index, call);
  }
  if (partial.id) call.id = partial.id;
  if (partial.type) call.type = partial.type;
  const { function: part } = partial;
  if (typeof part !== 'object' || part === null) return;
  if ('name' in part && part.name) call.function.name = part.name;
  if ('arguments' in part && typeof part.arguments === 'string') call.function.arguments += part.arguments;
}

function afterFirstChunk({ reasoning, output, toolCalls }: TextModelOutput): OutputParts {
  return {
    reasoning: typeof reasoning === 'string' ? null : dropFirst(reasoning),
    output: outputAfterFirstChunk(reasoning, output),
    toolCalls:
      toolCalls !== null && isChunked(toolCalls) && !isPresent(output) && !isPresent(reasoning)
        ? mergeToolCalls(toolCalls.slice(1))
        : mergeToolCalls(toolCalls),
  };
}

function outputAfterFirstChunk(reasoning: Chunks, output: string | readonly string[]): Chunks {
  if (typeof output === 'string')
    return isPresent(reasoning) && typeof reasoning !== 'string' ? output : null;
  return isPresent(reasoning) ? output : dropFirst(output);
}

function dropFirst(chunks: readonly string[] | null): readonly string[] | null {
  return chunks !== null && chunks.length > 1 ? chunks.slice(1) : null;
}

function concatenate({ reasoning, output, toolCalls }: OutputParts): string {
  return joined(reasoning) + joined(output) + (toolCalls === null ? '' : JSON.stringify(toolCalls));
}

function partsOf({ reasoning, output, toolCalls }: OutputParts): MessageParts {
  return { content: joined(output), reasoning: isPresent(reasoning) ? joined(reasoning) : null, toolCalls };
}

function joined(chunks: Chunks): string {
  if (chunks === null) return '';
  return typeof chunks === 'string' ? chunks : chunks.join('');
}

function isPresent(part: { readonly length: number } | null): boolean {
  return part !== null && part.length > 0;
}

function isChunked(
  toolCalls: readonly ToolCall[] | readonly (readonly ToolCall[])[],
): toolCalls is readonly (readonly ToolCall[])[] {
  return Array.isArray(toolCalls[0]);
}
