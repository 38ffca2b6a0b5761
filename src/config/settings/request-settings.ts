import type { z } from 'zod';
import { PLUGIN_PREFIX } from '../../protocol/plugin-adapters.ts';
import { APIS, APIS_ALLOWED, TEMPLATE_PREFIX } from '../choices.ts';
import { MODEL_ALLOWED, parseModel, type WeightedModel } from '../models.ts';
import { defaulted, optional, required, type ValueType, type Zod } from './setting.ts';
import { anyText, choice, listOf, ON_OFF_AUTO, text, textLike, wholeNumber } from './value-types.ts';

// What each request is and whom it is for.

const MAX_OUTPUT_TOKENS = 1_000_000_000;
/** Characters of a URL's path and query. */
const PATH_CHARACTERS = /^[!$-;=?-Z_a-z~%]+$/;
const MAX_MODELS = 64;
const MODELS_ALLOWED = `a name, or a list of 1 to ${MAX_MODELS} models, each with a name of its own and a weight above 0`;

function modelSchema(zod: Zod) {
  const name = zod.string(MODELS_ALLOWED).min(1, MODELS_ALLOWED);
  const weight = zod.number(MODELS_ALLOWED).positive(MODELS_ALLOWED).default(1);
  const areDistinct = (models: readonly { readonly name: string }[]) =>
    new Set(models.map((one) => one.name)).size === models.length;
  const list = zod
    .array(zod.strictObject({ name, weight }, MODELS_ALLOWED), MODELS_ALLOWED)
    .min(1, MODELS_ALLOWED)
    .max(MAX_MODELS, MODELS_ALLOWED)
    .refine(areDistinct, MODELS_ALLOWED);
  return zod.union([name, list], MODELS_ALLOWED);
}

const MODELS: ValueType<ReturnType<typeof modelSchema>> = {
  title: 'name, or list: name and weight',
  parse: (given) => {
    const value = parseModel(given);
    return value === undefined ? { allowed: MODEL_ALLOWED } : { value };
  },
  schema: modelSchema,
};

function apiSchema(zod: Zod) {
  return zod.union(
    [
      zod.enum(APIS),
      zod.templateLiteral([TEMPLATE_PREFIX, zod.string().min(1)]),
      zod.templateLiteral([PLUGIN_PREFIX, zod.string().min(1)]),
    ],
    APIS_ALLOWED,
  );
}

const API_NAME: ValueType<ReturnType<typeof apiSchema>> = {
  title: `${APIS.join(', ')}, ${TEMPLATE_PREFIX}FILE, ${PLUGIN_PREFIX}NAME`,
  parse: (given) => {
    const prefix = [TEMPLATE_PREFIX, PLUGIN_PREFIX].find((one) => given.startsWith(one));
    if (prefix !== undefined && given.length > prefix.length) return { value: given };
    const named = choice(APIS).parse(given);
    return 'value' in named ? named : { allowed: APIS_ALLOWED };
  },
  schema: apiSchema,
  textOf: String,
  completes: APIS,
};

/** `{"name": value}`, or `name=value` with a value that is JSON, else text. */
const BODY_FIELDS: ValueType<z.ZodRecord<z.ZodString, z.ZodUnknown>> = {
  title: 'names and values',
  parse: (given) => {
    const allowed = { allowed: 'name=value, or a JSON object such as {"priority": 3}' };
    if (given.trimStart().startsWith('{')) {
      const value = jsonOf(given);
      return typeof value === 'object' && value !== null ? { value } : allowed;
    }
    const [, name, shown] = /^([^=\s]+)=(.*)$/s.exec(given) ?? [];
    if (name === undefined || shown === undefined) return allowed;
    const value = jsonOf(shown);
    return { value: Object.fromEntries([[name, value === undefined ? shown : value]]) };
  },
  schema: (zod) => zod.record(zod.string(), zod.unknown(), 'names and values'),
};

function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return undefined;
  }
}

export const ENDPOINTS = required(
  { ...listOf(text('a URL'), 'a list of URLs', 1), title: 'list: URL', parse: anyText },
  {
    flag: '--endpoint',
    argument: '<url>',
    group: 'requests',
    help: 'base URL or full URL of the server, such as http://host:8000, or its Unix socket, such as unix:/run/vllm.sock or unix:/run/vllm.sock:/v1; repeat it to alternate between servers',
    repeatable: true,
  },
);

export const MODEL = required(MODELS, {
  flag: '--model',
  argument: '<name>',
  group: 'requests',
  help: 'model name sent with each request, unless its row names one; repeat it with weights for several: a=0.8 b=0.2',
  repeatable: true,
  // Where there is one, its weight means nothing.
  combine: (models) => (models.length === 1 ? (models[0] as WeightedModel).name : models),
});

export const API = defaulted(API_NAME, 'chat', {
  flag: '--api',
  argument: '<api>',
  group: 'requests',
  help: `the API that the endpoints speak: ${APIS.join(', ')}, template:FILE for one that a YAML file describes, or plugin:NAME for one of a --plugin`,
});

export const STREAMING = defaulted(ON_OFF_AUTO, 'auto', {
  flag: '--streaming',
  argument: '<mode>',
  group: 'requests',
  help: 'stream responses: on, off or auto',
  defaultNote: ': off for burst, else on',
});

export const OUTPUT_LIMIT = optional(wholeNumber(1, MAX_OUTPUT_TOKENS), {
  flag: '--max-output-tokens',
  argument: '<n>',
  group: 'requests',
  help: 'limit of output tokens sent with each request, unless its row sets one',
});

export const LIMIT_FIELD = optional(choice(['max_tokens', 'max_completion_tokens']), {
  flag: '--limit-field',
  argument: '<name>',
  group: 'requests',
  help: 'name of that limit: max_tokens or max_completion_tokens',
  defaultNote: ': max_completion_tokens for chat, max_tokens for completions',
});

export const EXTRA = defaulted(
  BODY_FIELDS,
  {},
  {
    flag: '--extra',
    argument: '<fields>',
    group: 'requests',
    help: 'fields merged into every request body: JSON such as {"priority": 3}, or name=value; null removes a field; may be repeated',
    repeatable: true,
    combine: (values) => Object.fromEntries(values.flatMap((fields) => Object.entries(fields as object))),
  },
);

export const USAGE = defaulted(ON_OFF_AUTO, 'auto', {
  flag: '--usage',
  argument: '<mode>',
  group: 'requests',
  help: 'ask streaming servers for token usage (stream_options): on, off or auto',
  defaultNote: ': on, unless the row decides',
});

export const PATH = optional(textLike(PATH_CHARACTERS, 'a path such as /v2/chat, without spaces and #'), {
  flag: '--path',
  argument: '<path>',
  group: 'requests',
  help: 'path below each endpoint, instead of that of the API, e.g. /chat',
});
