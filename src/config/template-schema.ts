import { z } from 'zod';
import { TEMPLATE_FRAMINGS } from '../protocol/api-template.ts';
import { isJsonPointer } from '../protocol/json-pointer.ts';
import { isVariable, VARIABLES_ALLOWED, variablesOfText } from '../protocol/template-body.ts';

// Each check says what is allowed, in words that follow "must be".

const POINTER = 'a JSON pointer such as /choices/0/text, or a list of them';
const PATH = 'a path such as /v1/generate, in which {{model}} stands for the model';
const BODY = 'keys and values, or JSON text of an object';
const TERMINATOR = 'text such as [DONE], or a JSON pointer such as /done';
/** A token of RFC 9110, but none that frames the request. */
const HEADER_NAME = /^(?!(?:content-length|transfer-encoding|connection|host)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$/i;
const NAME_ALLOWED = 'a header name that does not frame the request';
const SECRET_HEADER = /authorization|cookie|secret|token|key|credential/i;
const VALUE = 'printable ASCII on one line';
const HEADER =
  'harmless text: give keys by --api-key (with key_header) or --header, which keep them out of files and messages';

function pointers() {
  const pointer = z.string(POINTER).refine(isJsonPointer, POINTER);
  return z.union([pointer.transform((one) => [one]), z.array(pointer, POINTER).min(1, POINTER)], POINTER);
}

const measured = () => pointers().default([]);

/** The file of `--api template:FILE`. */
export const templateSchema = z.strictObject(
  {
    method: z.enum(['POST', 'PUT'], 'POST or PUT').default('POST'),
    path: z
      .string(PATH)
      .refine((path) => /^\/[!$-;=?-Z_a-z~%]*$/.test(path.replaceAll('{{model}}', 'model')), PATH),
    headers: z
      .record(z.string(), z.string(VALUE).regex(/^[\t\x20-\x7e]*$/, VALUE), 'names and texts')
      .superRefine((headers, context) => {
        for (const name of Object.keys(headers)) {
          const message = headerFault(name);
          if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] });
        }
      })
      .default({}),
    key_header: z.string(NAME_ALLOWED).regex(HEADER_NAME, NAME_ALLOWED).optional(),
    body: z.record(z.string(), z.unknown(), BODY).superRefine(checkVariables),
    response: z.strictObject(
      {
        framing: z.enum(TEMPLATE_FRAMINGS, `one of ${TEMPLATE_FRAMINGS.join(', ')}`),
        text: pointers(),
        reasoning: measured(),
        finish_reason: measured(),
        prompt_tokens: measured(),
        completion_tokens: measured(),
        cached_tokens: measured(),
        error: measured(),
        terminator: z.string(TERMINATOR).min(1, TERMINATOR).optional(),
      },
      'keys and values: framing, text and what else is measured',
    ),
  },
  'keys and values: path, body, response',
);

export type TemplateFile = z.infer<typeof templateSchema>;

/** What the header must be instead. */
function headerFault(name: string): string | undefined {
  if (!HEADER_NAME.test(name)) return NAME_ALLOWED;
  return SECRET_HEADER.test(name) ? HEADER : undefined;
}

function checkVariables(body: unknown, context: z.RefinementCtx): void {
  for (const { path, name } of variablesWithin(body, [])) {
    if (isVariable(name)) continue;
    context.addIssue({
      code: 'custom',
      path: [...path],
      message: `text whose variables are ${VARIABLES_ALLOWED}`,
    });
  }
}

interface PlacedVariable {
  readonly path: readonly (string | number)[];
  readonly name: string;
}

function variablesWithin(value: unknown, path: readonly (string | number)[]): readonly PlacedVariable[] {
  if (typeof value === 'string') return variablesOfText(value).map((name) => ({ path, name }));
  if (Array.isArray(value)) return value.flatMap((item, index) => variablesWithin(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => variablesWithin(item, [...path, key]));
}
