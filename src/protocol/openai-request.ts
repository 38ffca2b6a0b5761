import { InferometerError } from '../core/errors.ts';
import type { RequestOptions, SampleInput } from './adapter.ts';

/** How the text of a CSV cell becomes the value of a field. */
type FieldKind = 'number' | 'boolean' | 'text' | 'json';

/** Fields of a request that a row may set, those that common servers add to the API included. */
const ROW_FIELDS: readonly (readonly [name: string, kind: FieldKind])[] = Object.entries({
  max_tokens: 'number',
  max_completion_tokens: 'number',
  temperature: 'number',
  top_p: 'number',
  frequency_penalty: 'number',
  presence_penalty: 'number',
  logit_bias: 'json',
  logprobs: 'json',
  top_logprobs: 'number',
  n: 'number',
  best_of: 'number',
  echo: 'boolean',
  suffix: 'text',
  seed: 'number',
  stop: 'text',
  tools: 'json',
  tool_choice: 'json',
  parallel_tool_calls: 'boolean',
  response_format: 'json',
  reasoning_effort: 'text',
  verbosity: 'text',
  service_tier: 'text',
  top_k: 'number',
  min_p: 'number',
  min_tokens: 'number',
  repetition_penalty: 'number',
  ignore_eos: 'boolean',
  stop_token_ids: 'json',
  skip_special_tokens: 'boolean',
  chat_template: 'text',
  chat_template_kwargs: 'json',
  stream_options: 'json',
} as const);
const LIMITS = ['max_tokens', 'max_completion_tokens'] as const;

/**
 * A request as a JSON value: model, what is asked, the fields the row sets, the output limit under `limitField` unless the row set
 * one, and the stream options. Fields that are null or empty text are left out, columns that are no fields too. Model and
 * streaming are the run's alone.
 */
export function openAiRequest(
  asked: Readonly<Record<string, unknown>>,
  row: SampleInput,
  options: RequestOptions,
  limitField: (typeof LIMITS)[number],
): Record<string, unknown> {
  const body: Record<string, unknown> = { model: options.model, ...asked };
  for (const [name, kind] of ROW_FIELDS) {
    const value = fieldValue(name, kind, row[name]);
    if (value !== undefined) body[name] = value;
  }
  if (options.maxOutputTokens !== undefined && LIMITS.every((name) => body[name] === undefined)) {
    body[limitField] = options.maxOutputTokens;
  }
  if (!options.streaming) delete body.stream_options;
  else if (options.includeUsage)
    body.stream_options = { ...(body.stream_options ?? {}), include_usage: true };
  if (options.streaming || row.stream !== undefined) body.stream = options.streaming;
  return body;
}

/** The error of a row that lacks what the API asks by. */
export function missingInput(api: string, row: SampleInput, wanted: string): InferometerError {
  const columns = Object.keys(row);
  const found = columns.length === 0 ? 'no columns' : `only ${columns.join(', ')}`;
  return new InferometerError(
    'INFEROMETER_PROTOCOL_ROW',
    'input',
    `${api}: found ${found}, wanted ${wanted}`,
  );
}

/** A cell that can only be meant as JSON; `auto` is not. */
const JSON_LIKE = /^\s*(?:[[{]|(?:true|false|-?\d+)\s*$)/;

function fieldValue(name: string, kind: FieldKind, value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') return value;
  switch (kind) {
    case 'text':
      return value;
    case 'number': {
      const number = Number(value);
      if (Number.isFinite(number)) return number;
      throw unfit(name, value, 'a number');
    }
    case 'boolean': {
      const lower = value.toLowerCase();
      if (lower === 'true' || lower === 'false') return lower === 'true';
      throw unfit(name, value, 'true or false');
    }
    case 'json':
      return JSON_LIKE.test(value) ? jsonValue(name, value) : value;
  }
}

function jsonValue(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unfit(name, text, 'JSON', error);
  }
}

function unfit(name: string, found: string, wanted: string, cause?: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_PROTOCOL_ROW',
    'input',
    `column ${name}: found ${JSON.stringify(found.slice(0, 60))}, wanted ${wanted}`,
    { cause },
  );
}
