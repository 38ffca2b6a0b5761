import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { resolveConfig } from '../../config/resolve.ts';
import { createLog } from '../../core/log.ts';
import { prepareRun } from './prepare.ts';

const place = mkdtempSync(join(tmpdir(), 'inferometer-prepare-'));
const dataset = join(place, 'd.jsonl');
writeFileSync(dataset, '{"prompt":"a"}');
afterAll(() => rmSync(place, { recursive: true }));

async function prepared(flags: Readonly<Record<string, string>>, environment: Record<string, string> = {}) {
  const all = { '--endpoint': 'http://h', '--model': 'm', '--dataset': dataset, ...flags };
  const given = new Map(Object.entries(all).map(([flag, text]) => [flag, [text]]));
  const lines: string[] = [];
  const run = await prepareRun(
    resolveConfig({ environment, flags: given }),
    createLog((line) => lines.push(line)),
  );
  return { run, lines };
}

test('requests name their sample only where a flag says so', async () => {
  expect((await prepared({})).run.slots).toEqual([[]]);
  expect((await prepared({ '--request-id': 'on' })).run.slots).toEqual([
    [{ at: expect.any(Number) as number, kind: 'sample' }],
  ]);
  await expect(prepared({ '--header': 'X: {{conversation}}' })).rejects.toThrow(
    '--header: {{conversation}} is only for --multi-turn; use {{sample}} for single requests',
  );
});

test('a proxy is told of, with a warning where it takes requests to this machine', async () => {
  const environment = { HTTP_PROXY: 'http://me:hunter2@p:1' };
  const told = 'requests to http://h go through the proxy http://p:1';
  expect((await prepared({}, environment)).lines).toEqual([`info: ${told}`]);
  for (const host of ['localhost', '127.0.0.2', '[::1]']) {
    const { lines } = await prepared({ '--endpoint': `http://${host}:8` }, environment);
    expect(lines[0]).toMatch(
      /^warning: requests to .* is its own machine; to connect directly: --proxy none/,
    );
  }
  expect((await prepared({}, { ...environment, NO_PROXY: 'h' })).lines).toEqual([]);
  expect((await prepared({ '--proxy': 'none' }, environment)).run.proxies).toEqual([undefined]);
});
