/**
 * Writes the list of settings in docs/configuration.md, the JSON Schema beside it and the type of the library, all from the table of settings. Run as
 * `npm run docs:configuration` after a setting was added or reworded; a test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format } from 'prettier';
import { configJsonSchema } from '../src/config/json-schema.ts';
import { settingsPage } from '../src/config/settings-page.ts';
import { SETTINGS_TYPE_PATH, settingsTypeFile } from './settings-type.ts';

const ROOT = resolve(import.meta.dirname, '..');
const MARK = '<!-- The rest is written by npm run docs:configuration -->\n';
export const PAGE_PATH = resolve(ROOT, 'docs/configuration.md');
export const SCHEMA_PATH = resolve(ROOT, 'docs/config.schema.json');

/** The page as it should be: what was written by hand, and the settings of the table. */
export async function configurationPage(page: string): Promise<string> {
  const byHand = page.slice(0, page.indexOf(MARK) + MARK.length);
  return format(`${byHand}\n${settingsPage()}`, { parser: 'markdown', ...(await options()) });
}

export async function schemaFile(): Promise<string> {
  return format(JSON.stringify(configJsonSchema()), { parser: 'json', ...(await options()) });
}

async function options(): Promise<object> {
  const { resolveConfig } = await import('prettier');
  return (await resolveConfig(PAGE_PATH)) ?? {};
}

if (import.meta.main) {
  writeFileSync(PAGE_PATH, await configurationPage(readFileSync(PAGE_PATH, 'utf8')));
  writeFileSync(SCHEMA_PATH, await schemaFile());
  writeFileSync(SETTINGS_TYPE_PATH, await settingsTypeFile());
}
