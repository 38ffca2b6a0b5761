import type { ApiAdapter } from './adapter.ts';
import { NDJSON } from './ndjson.ts';
import { SSE } from './sse-framing.ts';
import { templateBody, variablesIn } from './template-body.ts';
import { TemplateAccumulator, readTemplateBody, type TemplateResponse } from './template-reply.ts';

/** How responses are divided; `whole` ones are never streamed. */
export const TEMPLATE_FRAMINGS = ['sse', 'ndjson', 'whole'] as const;

/** An API that a file describes, checked. Plain data: it crosses threads by structured clone. */
export interface ApiTemplate {
  /** As messages call it: `template:FILE`. */
  readonly name: string;
  readonly method: 'POST' | 'PUT';
  /** Below the endpoint's own; `{{model}}` stands for the model of the run. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The header that the key is sent in, instead of a bearer token. */
  readonly keyHeader?: string | undefined;
  /** A JSON value with variables in its texts: see `template-body.ts`. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly framing: (typeof TEMPLATE_FRAMINGS)[number];
  readonly response: TemplateResponse;
}

/** Speaks the API of a template. Each message of a response is parsed: about 2 µs. */
export function templateAdapter(template: ApiTemplate): ApiAdapter {
  const { name, path, headers, keyHeader, body, framing, response } = template;
  const variables = variablesIn(body);
  return {
    name,
    path: path.replace(/^\/+/, '').replaceAll('{{model}}', '{model}'),
    method: template.method,
    isLiteralPath: true,
    isChat: variables.has('messages') || variables.has('system'),
    namesModel: variables.has('model'),
    isWhole: framing === 'whole',
    headers: { ...(framing === 'ndjson' && { Accept: 'application/x-ndjson' }), ...headers },
    ...(keyHeader === undefined ? {} : { keyHeader }),
    requestBody: (row, options) => templateBody(template, row, options),
    choicesOf: () => 1,
    createReader: () => ({
      framing: framing === 'ndjson' ? NDJSON : SSE,
      createAccumulator: (account) => new TemplateAccumulator(response, account),
      readBody: (buffer, start, end) => readTemplateBody(response, buffer, start, end),
    }),
  };
}
