import { z } from 'zod';
import { runConfigSchema } from './schema.ts';

export type JsonSchema = { [key: string]: unknown };

/** Text with a variable in it, in the place of a number, a word or true and false. */
const VARIABLE = { type: 'string', pattern: '\\$\\{' };

/**
 * The JSON Schema (draft 2020-12) of a config file, for editors. Nothing is required in it: a flag or the environment may give what a file
 * leaves out.
 */
export function configJsonSchema(): JsonSchema {
  const { properties, $schema } = z.toJSONSchema(runConfigSchema, { io: 'input' }) as {
    readonly properties: Record<string, JsonSchema>;
    readonly $schema: string;
  };
  const settings = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, withVariables(property)]),
  );
  const references = Object.fromEntries(
    Object.keys(settings).map((name) => [name, { $ref: `#/$defs/${name}` }]),
  );
  return {
    $schema,
    title: 'Settings of an inferometer run',
    description: 'The file of inferometer run --config; docs/configuration.md describes each setting.',
    type: 'object',
    properties: {
      ...references,
      profiles: {
        type: 'object',
        description: 'named sets of settings over those of the file, chosen by --profile',
        additionalProperties: { type: 'object', properties: references, additionalProperties: false },
      },
    },
    additionalProperties: false,
    $defs: settings,
  };
}

/** The same, with text allowed that has a variable, wherever text is not allowed as it is. */
function withVariables(schema: JsonSchema): JsonSchema {
  const { description, default: value, ...rest } = schema;
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { default: value }),
  };
  const inner = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, partOf(key, part)]));
  const isText = rest.type === 'string' && rest.enum === undefined && rest.pattern === undefined;
  const isScalar = ['number', 'integer', 'boolean', 'string'].includes(rest.type as string);
  if (isScalar && !isText) return { ...about, anyOf: [inner, VARIABLE] };
  return { ...about, ...inner };
}

function partOf(key: string, part: unknown): unknown {
  if (key === 'properties') {
    return Object.fromEntries(
      Object.entries(part as Record<string, JsonSchema>).map(([name, one]) => [name, withVariables(one)]),
    );
  }
  if (key === 'items') return withVariables(part as JsonSchema);
  return key === 'anyOf' ? (part as readonly JsonSchema[]).map(withVariables) : part;
}
