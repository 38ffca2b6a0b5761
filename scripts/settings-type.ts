import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import type { JsonSchema } from '../src/config/json-schema.ts';
import { runConfigSchema } from '../src/config/schema.ts';

export const SETTINGS_TYPE_PATH = resolve(import.meta.dirname, '../src/api/run-settings.ts');

/** The settings of a run as a type for users of the library, from the schema; npm run docs:configuration writes it. */
export async function settingsTypeFile(): Promise<string> {
  const schema = z.toJSONSchema(runConfigSchema, { io: 'input' }) as JsonSchema;
  const head =
    '// Written by npm run docs:configuration.\n\n/** Settings of a run, as in a config file: docs/configuration.md describes each. */\n';
  const text = `${head}export interface RunSettings ${typeOf({ ...schema, required: [] })}\n`;
  return format(text, { parser: 'typescript', ...(await resolveConfig(SETTINGS_TYPE_PATH)) });
}

function typeOf(schema: JsonSchema): string {
  const { type, enum: words, const: word, anyOf, oneOf, properties, items, additionalProperties } = schema;
  if (word !== undefined) return JSON.stringify(word);
  if (Array.isArray(words)) return words.map((one) => JSON.stringify(one)).join(' | ');
  const choices = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined;
  if (choices !== undefined) {
    const types = new Set(choices.map(typeOf));
    // Words beside any text are no choice.
    return types.has('string')
      ? unionOf([...types].filter((one) => !one.startsWith('"')))
      : unionOf([...types]);
  }
  if (Array.isArray(type)) return type.map((one: string) => typeOf({ ...schema, type: one })).join(' | ');
  if (type === 'array') return `readonly (${typeOf((items ?? {}) as JsonSchema)})[]`;
  if (type === 'object' && properties !== undefined)
    return objectType(properties as Record<string, JsonSchema>, schema.required as string[] | undefined);
  if (type === 'object') {
    const values = typeof additionalProperties === 'object' ? (additionalProperties as JsonSchema) : {};
    return `Readonly<Record<string, ${typeOf(values)}>>`;
  }
  if (type === 'integer' || type === 'number') return 'number';
  return type === 'string' || type === 'boolean' || type === 'null' ? type : 'unknown';
}

function unionOf(types: readonly string[]): string {
  return types.map((one) => `(${one})`).join(' | ');
}

function objectType(properties: Record<string, JsonSchema>, required: readonly string[] = []): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const about =
      typeof schema.description === 'string' ? `/** ${schema.description.replaceAll('*/', '* /')} */\n` : '';
    return `${about}readonly ${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`;
  });
  return `{\n${members.join('\n')}\n}`;
}
