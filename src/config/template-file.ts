import { readFileSync } from 'node:fs';
import { errorText, InferometerError } from '../core/errors.ts';
import { jsonText } from '../core/json-text.ts';
import type { Api } from '../protocol/adapters.ts';
import type { ApiTemplate } from '../protocol/api-template.ts';
import { isJsonPointer } from '../protocol/json-pointer.ts';
import { bodyTextOf } from '../protocol/template-body.ts';
import { TEMPLATE_PREFIX } from './choices.ts';
import { parseYamlFile } from './config-file.ts';
import type { ConfigFile, Tree } from './yaml-file.ts';
import type { RunConfig } from './schema.ts';
import { type TemplateFile, templateSchema } from './template-schema.ts';

const KEYS = Object.keys(templateSchema.shape).join(', ');
const RESPONSE_KEYS = Object.keys(templateSchema.shape.response.shape).join(', ');
const LONGEST_SHOWN = 100;

/** The API of a run; one that a file describes is read. Throws as {@link readTemplateFile} does. */
export function apiOf({ api }: RunConfig): Api {
  return isTemplate(api) ? readTemplateFile(api.slice(TEMPLATE_PREFIX.length)) : api;
}

export function isTemplate(api: RunConfig['api']): api is `template:${string}` {
  return api.startsWith(TEMPLATE_PREFIX);
}

/** Throws `INFEROMETER_API_TEMPLATE` (input) with file, line and column for what can't be used. */
export function readTemplateFile(path: string): ApiTemplate {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw templateError(path, `can't be read: ${errorText(error)}`);
  }
  return parseTemplate(text, path);
}

/** The template in the text of a file. Throws as {@link readTemplateFile} does. */
export function parseTemplate(text: string, path: string): ApiTemplate {
  const file = parseYamlFile(text, path, templateError, `has nothing in it; it needs the keys ${KEYS}`);
  const tree = withBodyOfText(file);
  const checked = templateSchema.safeParse(tree);
  if (!checked.success) throw invalid(checked.error.issues[0]!, tree, file);
  return templateOf(checked.data, path);
}

/** A body given as JSON text becomes the value it is. */
function withBodyOfText(file: ConfigFile): Tree {
  const { tree } = file;
  const { body } = tree;
  if (typeof body !== 'string') return tree;
  try {
    return { ...tree, body: bodyTextOf(body) };
  } catch (error) {
    throw templateError(
      file.placeOf(['body']),
      `body: must be JSON with variables in it (${errorText(error)})`,
    );
  }
}

function templateOf(
  { method, path, headers, body, response, ...rest }: TemplateFile,
  file: string,
): ApiTemplate {
  const { framing, text, reasoning, error, terminator } = response;
  return {
    name: `${TEMPLATE_PREFIX}${file}`,
    ...{ method, path, headers, body, framing },
    keyHeader: rest.key_header,
    response: {
      ...{ text, reasoning, error },
      finishReason: response.finish_reason,
      promptTokens: response.prompt_tokens,
      completionTokens: response.completion_tokens,
      cachedTokens: response.cached_tokens,
      terminator:
        terminator === undefined
          ? undefined
          : isJsonPointer(terminator)
            ? { pointer: terminator }
            : { text: terminator },
    },
  };
}

type Issue = NonNullable<ReturnType<typeof templateSchema.safeParse>['error']>['issues'][number];

function invalid(issue: Issue, tree: Tree, file: ConfigFile): InferometerError {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const at = [...path, issue.keys[0]!];
    const known = path.length === 0 ? KEYS : RESPONSE_KEYS;
    return templateError(file.placeOf(at), `${at.join('.')}: unknown key; known are ${known}`);
  }
  const found = path.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key as string], tree);
  const key = path.join('.');
  if (found === undefined)
    return templateError(file.placeOf(path), `${key} is missing; it must be ${message}`);
  // The value of a header may be a secret.
  const got = path[0] === 'headers' ? '' : ` (got ${shown(found)})`;
  return templateError(file.placeOf(path), `${key}: must be ${message}${got}`);
}

function shown(value: unknown): string {
  const text = jsonText(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function templateError(place: string, what: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_API_TEMPLATE',
    'input',
    `--api ${TEMPLATE_PREFIX}${place}: ${what}`,
  );
}
