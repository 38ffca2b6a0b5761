import type { RequestOptions, SampleInput } from './adapter.ts';
import type { ApiTemplate } from './api-template.ts';
import { askedChat, contentText } from './chat-row.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { missingInput } from './openai-request.ts';
import { merged, rowExtra, rowFields, withoutNulls } from './row-fields.ts';

/** What stands for something of the row or the run in the body of a template. */
export const TEMPLATE_VARIABLES = [
  ...['prompt', 'system', 'messages', 'input_tokens', 'model', 'max_tokens', 'stream'],
] as const;

/** What a variable may be, as messages tell it. */
export const VARIABLES_ALLOWED = `one of ${TEMPLATE_VARIABLES.map((name) => `{{${name}}}`).join(', ')}, or {{row.NAME}} for a column`;

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const ALONE = /^\{\{\s*([^{}]*?)\s*\}\}$/;
const OF_ROW = 'row.';
/** Columns that limit the output, best first. */
const LIMIT_COLUMNS = ['max_tokens', 'max_completion_tokens', 'max_new_tokens'] as const;

/** The names of the variables in a text, as they stand there. */
export function variablesOfText(text: string): readonly string[] {
  return [...text.matchAll(VARIABLE)].map(([, name]) => name!);
}

/** Those in the texts of a JSON value. */
export function variablesIn(value: unknown): ReadonlySet<string> {
  if (typeof value === 'string') return new Set(variablesOfText(value));
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(Object.values(value).flatMap((item) => [...variablesIn(item)]));
}

export function isVariable(name: string): boolean {
  if (name.startsWith(OF_ROW)) return name.length > OF_ROW.length;
  return TEMPLATE_VARIABLES.some((known) => known === name);
}

/**
 * A request of a template as a JSON value. A text that is a variable and nothing else becomes its value, whatever that is; a field
 * whose variable has none is left out. Variables in longer texts become text. `extra_body` of the row and the run's extra fields come last.
 *
 * Throws `InferometerError` (input) for a row that lacks the prompt, the messages or the token ids that the template asks with.
 */
export function templateBody(
  template: ApiTemplate,
  row: SampleInput,
  options: RequestOptions,
): Record<string, unknown> {
  const values = new RowVariables(template.name, row, options);
  const body = filled(template.body, values) as JsonObject;
  values.tellUnsent();
  const { extra = {} } = options;
  const own = rowExtra(row);
  const withOwn = withoutNulls(merged(body, own), own);
  return { ...withoutNulls(merged(withOwn, extra), extra) };
}

function filled(value: unknown, variables: RowVariables): unknown {
  if (typeof value === 'string') return filledText(value, variables);
  if (Array.isArray(value)) {
    return value.map((item) => filled(item, variables)).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).map(([name, item]) => [name, filled(item, variables)] as const);
  return Object.fromEntries(fields.filter(([, item]) => item !== undefined));
}

function filledText(text: string, variables: RowVariables): unknown {
  const alone = ALONE.exec(text);
  if (alone !== null) return variables.valueOf(alone[1]!);
  return text.replace(VARIABLE, (_whole, name: string) => asText(variables.valueOf(name)));
}

function asText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The values of the variables for one row. */
class RowVariables {
  readonly #api: string;
  readonly #row: SampleInput;
  readonly #options: RequestOptions;
  readonly #used = new Set<string>(['model', 'stream', ...LIMIT_COLUMNS]);

  constructor(api: string, row: SampleInput, options: RequestOptions) {
    this.#api = api;
    this.#row = row;
    this.#options = options;
  }

  valueOf(name: string): unknown {
    if (name.startsWith(OF_ROW)) return this.#column(name.slice(OF_ROW.length));
    const { model, streaming, maxOutputTokens } = this.#options;
    switch (name) {
      case 'prompt':
        return this.#prompt();
      case 'messages': {
        const { messages, used } = askedChat(this.#api, this.#row);
        for (const column of used) this.#used.add(column);
        return messages;
      }
      case 'system':
        return this.#column('system');
      case 'input_tokens':
        return this.#column('input_tokens') ?? this.#missing('input_tokens');
      case 'model': {
        const own = this.#column('model');
        return typeof own === 'string' && own !== '' ? own : model;
      }
      case 'max_tokens':
        return LIMIT_COLUMNS.map((column) => this.#column(column)).find(isGiven) ?? maxOutputTokens;
      default:
        return streaming;
    }
  }

  /** Tells of the columns that no variable stands for. */
  tellUnsent(): void {
    const { onUnsent } = this.#options;
    if (onUnsent === undefined) return;
    for (const column of Object.keys(rowFields(this.#row, { used: [...this.#used], onUnsent }))) {
      onUnsent(column);
    }
  }

  /** The text of messages when there are only these. */
  #prompt(): unknown {
    const prompt = this.#column('prompt');
    if (prompt !== undefined) return prompt;
    const messages = this.#column('messages');
    if (!Array.isArray(messages) || messages.length === 0) return this.#missing('a prompt');
    return (messages as readonly unknown[])
      .filter(isJsonObject)
      .map(({ content }) => contentText(content))
      .join('\n\n');
  }

  #missing(what: string): never {
    throw missingInput(this.#api, this.#row, what);
  }

  #column(name: string): unknown {
    this.#used.add(name);
    const value = Object.hasOwn(this.#row, name) ? this.#row[name] : undefined;
    return value ?? undefined;
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

/**
 * The body that a template gives as JSON text, in which variables may stand outside of texts, too: these are put into texts of their own.
 * Throws `SyntaxError` for what is no JSON.
 */
export function bodyTextOf(text: string): unknown {
  const parts = text.split(/("(?:[^"\\]|\\.)*")/s);
  // Odd ones are texts.
  const quoted = parts.map((part, index) =>
    index % 2 === 1 ? part : part.replace(VARIABLE, (variable) => JSON.stringify(variable)),
  );
  return JSON.parse(quoted.join(''));
}
