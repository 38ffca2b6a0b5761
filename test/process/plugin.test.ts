import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const PAGE = resolve(import.meta.dirname, '../../docs/extending.md');

const bench = new Workbench();
const asked: unknown[] = [];
/** Speaks the API of the example on the page. */
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    asked.push([request.url, JSON.parse(body)]);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of ['a ', 'hole']) response.write(`data: ${JSON.stringify({ text })}\n\n`);
    response.end();
  });
});
let url: string;
const plugin = bench.file('mine.ts');

beforeAll(async () => {
  const [, text] = /^```ts\n\/\/ mine\.ts\n([^]*?)^```$/m.exec(readFileSync(PAGE, 'utf8'))!;
  writeFileSync(plugin, text!);
  writeFileSync(
    bench.file('riddles.csv'),
    'riddle\nWhat grows when you take from it?\nWhat has a neck and no head?\n',
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await bench.end();
});

const run = (...args: readonly string[]) =>
  bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--samples', '4', '--concurrency', '2'],
    ...['--dataset', bench.file('riddles.csv'), '--streaming', 'on', ...args],
  ]).finished;

describe('the plugin of docs/extending.md', () => {
  it('brings an API, to main and to the workers, and a format', async () => {
    const { code, stderr } = await run('--plugin', plugin, '--api', 'plugin:say', '--out', bench.file('run'));
    expect(WENT_THROUGH, stderr).toContain(code);
    expect(
      bench.json<{ samples: unknown; ttft: { total: number } }>('run/performance/result_summary.json'),
    ).toMatchObject({
      samples: { succeeded: 4, errored: 0 },
      series: {},
    });
    expect(asked).toContainEqual(['/say', { ask: 'What has a neck and no head?', stream: true }]);
    const events = readFileSync(join(bench.file('run'), 'events.jsonl'), 'utf8');
    expect(events).toContain('["TextModelOutput",["a ","hole"],null,null]');
  });

  it.each<[string, string, readonly string[], RegExp]>([
    ['no file', 'missing.ts', [], /--plugin \S+missing\.ts: can't be loaded: ENOENT/],
    ['no plugin', 'export default { formats: [{}] };', [], /must export \{ apis: \[…\] \} or \{ formats/],
    ['code that fails', 'throw new Error("oops");', [], /can't be loaded: oops/],
    [
      'an API it does not have',
      'export default { apis: [{ name: "a" }] };',
      ['--api', 'plugin:b'],
      /--api plugin:b: must name an API of a file that --plugin names \(they have a\)/,
    ],
  ])('%s is refused before anything is sent', async (what, source, args, message) => {
    const file = bench.file(what === 'no file' ? source : `${what.replaceAll(' ', '-')}.mjs`);
    if (what !== 'no file') writeFileSync(file, source);
    const before = asked.length;
    const { code, stderr } = await run('--plugin', file, ...args, '--out', bench.file('refused'));
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(asked.length).toBe(before);
  });
});
