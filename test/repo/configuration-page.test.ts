import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { configurationPage, PAGE_PATH, SCHEMA_PATH, schemaFile } from '../../scripts/configuration-page.ts';
import { SETTINGS_TYPE_PATH, settingsTypeFile } from '../../scripts/settings-type.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { SETTINGS } from '../../src/config/flags.ts';

const page = readFileSync(PAGE_PATH, 'utf8');

it('docs/configuration.md lists the settings of the table (npm run docs:configuration)', async () => {
  expect(page).toBe(await configurationPage(page));
  for (const { path, flag, environment } of SETTINGS) {
    expect(page).toContain(`\`${path}`);
    expect(page).toContain(`\`${flag}`);
    expect(page).toContain(`\`${environment ?? flag}\``);
  }
});

it('docs/config.schema.json is the schema (npm run docs:configuration)', async () => {
  expect(readFileSync(SCHEMA_PATH, 'utf8')).toBe(await schemaFile());
});

it('src/api/run-settings.ts is the type of the settings (npm run docs:configuration)', async () => {
  expect(readFileSync(SETTINGS_TYPE_PATH, 'utf8')).toBe(await settingsTypeFile());
});

it.each<[string, unknown, boolean]>([
  ['settings', { model: 'm', load: { rate_per_second: 5 }, client: { http: 2, tls_verify: false } }, true],
  ['a variable for a number', { load: { rate_per_second: '${RATE:-5}' } }, true],
  ['text for a number', { load: { rate_per_second: 'fast' } }, false],
  ['a number out of its range', { load: { concurrency: 0 } }, false],
  ['an unknown key', { load: { rate: 5 } }, false],
  ['a profile', { profiles: { quick: { stop: { samples: 10 } } } }, true],
  ['a wrong profile', { profiles: { quick: { stop: { sample: 10 } } } }, false],
])('the schema has a word on %s', (_name, config, holds) => {
  const schema = z.fromJSONSchema(configJsonSchema());
  expect(schema.safeParse(config).success).toBe(holds);
});
