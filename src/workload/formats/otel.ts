import { datasetError, type RowValues, shown } from '../../dataset/row.ts';
import { type Conversation, type Message, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import type { Notes } from '../notes.ts';
import { genAiMessages, sameMessage } from './otel-messages.ts';
import { type Span, spansOf } from './otel-spans.ts';

const CALLS: readonly unknown[] = ['chat', 'generate_content', 'text_completion'];
const USAGE = {
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
} as const;

/**
 * OpenTelemetry spans of the GenAI conventions: OTLP JSON as a collector writes it, or flattened spans, whole files or lines. Each model call is a
 * turn of its trace. A call waits for those whose output its input holds, else for the last one that had ended.
 */
export const OTEL: WorkloadFormat = {
  name: 'otel',
  title: 'OpenTelemetry GenAI spans',
  recognizes: ({ fields }) =>
    Array.isArray(fields.spans) ||
    Array.isArray(fields.resourceSpans) ||
    ('span_id' in fields && 'attributes' in fields) ||
    isEmptyTrace(fields),
  read: readSpans,
};

function isEmptyTrace(fields: RowValues): boolean {
  return typeof fields.trace_id === 'string' && Object.keys(fields).length === 1;
}

/** A model call. */
interface Call {
  readonly span: Span;
  /** From the first call of the file, ms. */
  readonly startMs: number;
  readonly endMs: number;
  readonly messages: readonly Message[] | null;
  readonly output: readonly Message[];
  readonly hasFailed: boolean;
}

function* readSpans({ source, notes }: Reading): Generator<Conversation> {
  const traces = new Map<string, Span[]>();
  for (const raw of allRows(source)) {
    for (const span of spansOf(new Fields(raw.read(), raw.place))) {
      const spans = traces.get(span.traceId);
      if (spans === undefined) traces.set(span.traceId, [span]);
      else spans.push(span);
    }
  }
  let found = 0;
  for (const [id, spans] of traces) {
    noteCircles(spans, notes);
    const calls = callsOf(spans, notes);
    if (calls.length === 0) continue;
    found += 1;
    const waits: (readonly number[])[] = [];
    for (const [position, call] of calls.entries())
      waits.push(waitsOf(call, calls.slice(0, position), waits));
    yield {
      id,
      place: calls[0]!.span.fields.place,
      startMs: 0,
      history: 'recorded',
      turns: calls.map((call, position) => turnOf(call, calls, waits[position]!, notes)),
      children: [],
    };
  }
  if (found === 0)
    throw datasetError(
      source.path,
      'holds no model call: no span with gen_ai.operation.name chat, generate_content or text_completion',
    );
}

function callsOf(spans: readonly Span[], notes: Notes): readonly Call[] {
  const chosen = spans
    .filter(
      ({ name, attributes }) =>
        CALLS.includes(attributes['gen_ai.operation.name']) || name.startsWith('chat '),
    )
    .sort((a, b) => Number(a.startNs - b.startNs));
  const originNs = chosen[0]?.startNs ?? 0n;
  return chosen.map((span): Call => {
    const startMs = msSince(originNs, span.startNs);
    const endMs = msSince(originNs, span.endNs);
    const place = span.fields.place();
    if (endMs < startMs) notes.add(place, 'a span ends before it begins; it is taken to end when it begins');
    const { attributes } = span;
    const messages = genAiMessages(attributes['gen_ai.input.messages'], `${place}: gen_ai.input.messages`);
    const output = genAiMessages(attributes['gen_ai.output.messages'], `${place}: gen_ai.output.messages`);
    if (messages === undefined)
      notes.add(place, 'a call has no messages, which were not recorded; only its length is known');
    if (messages !== undefined && output?.length === 0)
      notes.add(place, 'a call has an empty output: it failed, or was cancelled; it is left out of a run');
    if (span.hasFailed) notes.add(place, 'a call failed when it was recorded; it is left out of a run');
    const hasFailed = span.hasFailed || output?.length === 0;
    return {
      span,
      startMs,
      endMs: Math.max(startMs, endMs),
      messages: messages ?? null,
      output: output ?? [],
      hasFailed,
    };
  });
}

const NS_PER_US = 1000n;
const US_PER_MS = 1000;

function msSince(originNs: bigint, ns: bigint): number {
  return Number((ns - originNs) / NS_PER_US) / US_PER_MS;
}

function turnOf(call: Call, calls: readonly Call[], waitsFor: readonly number[], notes: Notes): Turn {
  const { span, startMs, endMs, messages, output, hasFailed } = call;
  const { attributes, fields } = span;
  const inputTokens = usageOf(attributes, USAGE.input);
  const outputTokens = usageOf(attributes, USAGE.output);
  if (inputTokens === null || outputTokens === null)
    notes.add(fields.place(), 'a call has no token counts (gen_ai.usage)');
  const readyMs = waitsFor.reduce((latest, index) => Math.max(latest, calls[index]!.endMs), 0);
  const answer = output.map(({ content }) => content).find((content) => typeof content === 'string');
  const tools = toolsOf(attributes['gen_ai.tool.definitions'], fields.place);
  const model = attributes['gen_ai.request.model'];
  const limit = attributes['gen_ai.request.max_tokens'];
  return {
    ...PLAIN_TURN,
    waitsFor,
    delayMs: waitsFor.length === 0 ? null : Math.max(0, startMs - readyMs),
    dueMs: startMs,
    inputTokens,
    outputTokens,
    messages,
    model: typeof model === 'string' ? model : null,
    ...(tools === undefined ? {} : { tools }),
    ...(typeof limit === 'number' ? { facts: { max_tokens: limit } } : {}),
    recorded: { serviceMs: endMs - startMs, answer, ...(hasFailed ? { hasFailed } : {}) },
  };
}

/** Positions of the calls that this one depends on; of a chain only the last. */
function waitsOf(
  { messages, startMs }: Call,
  earlier: readonly Call[],
  waits: readonly (readonly number[])[],
): readonly number[] {
  const used = [...earlier.keys()].filter((index) => {
    const { output, endMs } = earlier[index]!;
    return endMs <= startMs && output.some((said) => messages?.some((message) => sameMessage(message, said)));
  });
  if (used.length > 0) {
    const reached = new Set(used.flatMap((index) => waits[index]!));
    return used.filter((index) => !reached.has(index));
  }
  let last = -1;
  for (const [index, { endMs }] of earlier.entries()) {
    if (endMs <= startMs && (last === -1 || endMs >= earlier[last]!.endMs)) last = index;
  }
  return last === -1 ? [] : [last];
}

function usageOf(attributes: RowValues, names: readonly string[]): number | null {
  const count = names.map((name) => attributes[name]).find((value) => value !== undefined);
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

function toolsOf(value: unknown, place: () => string): readonly unknown[] | undefined {
  if (value === undefined) return undefined;
  const list = typeof value === 'string' ? parsed(value) : value;
  if (Array.isArray(list)) return list as readonly unknown[];
  throw datasetError(
    `${place()}: gen_ai.tool.definitions`,
    `must be a list, or one as JSON text (got ${shown(value)})`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Parents decide nothing here, but spans that are their own ancestors were not written by a tracer. */
function noteCircles(spans: readonly Span[], notes: Notes): void {
  const parents = new Map(spans.map(({ id, parentId }) => [id, parentId]));
  for (const { id, fields } of spans) {
    let above = parents.get(id);
    for (let steps = 0; above !== undefined && above !== id && steps < spans.length; steps++)
      above = parents.get(above);
    if (above === id)
      notes.add(
        fields.place(),
        'a span is its own ancestor; the order of the calls is taken from their times and messages',
      );
  }
}
