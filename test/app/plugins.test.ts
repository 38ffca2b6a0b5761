import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { workloadFormats } from '../../src/workload/formats.ts';
import { loadPlugins } from '../../src/app/run/plugins.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugins-'));
afterAll(() => rmSync(folder, { recursive: true }));

function plugin(name: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `export default { formats: [{ name: '${name}', title: '${name}', recognizes: () => false }] };\n`,
  );
  return path;
}

it('has the formats of a plugin once, however many runs load it', async () => {
  const before = workloadFormats().map(({ name }) => name);
  const [first, second] = [plugin('first'), plugin('second')];
  await loadPlugins([first]);
  await loadPlugins([second]);
  await loadPlugins([first]);
  // What was loaded last is asked first.
  expect(workloadFormats().map(({ name }) => name)).toEqual(['first', 'second', ...before]);
});
