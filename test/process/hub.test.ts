import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
let hub: Server;
let asked: { readonly path: string; readonly token: string | undefined }[];
/** What the hub holds, by the path of a request. */
let held: Record<string, string>;

beforeEach(async () => {
  bench = new Workbench();
  asked = [];
  held = {};
  hub = createServer((request, response) => {
    const path = request.url!;
    asked.push({ path, token: request.headers.authorization });
    const body = held[path];
    if (body === undefined) response.writeHead(404).end('no');
    else response.end(body);
  });
  hub.listen(0, '127.0.0.1');
  await once(hub, 'listening');
});
afterEach(async () => {
  hub.closeAllConnections();
  hub.close();
  await bench.end();
});

const url = () => `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
const environment = (more = {}) => ({
  HF_HOME: bench.file('hf'),
  XDG_CACHE_HOME: bench.file('cache'),
  ...more,
});

function put(path: string, content: string): void {
  const file = bench.file(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const rows = (word: string, count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ prompt: `${word} ${i}` })).join('\n');

async function run(dataset: string, env: Record<string, string>, ...flags: string[]) {
  const mock = await bench.mock(
    '--ttft',
    'fixed:1',
    '--inter-token',
    'fixed:0',
    '--output-tokens',
    'fixed:2',
  );
  const finished = await bench.start(
    [
      ...['run', '--endpoint', mock, '--model', 'm', '--dataset', dataset],
      ...['--out', bench.file('run'), ...flags],
    ],
    env,
  ).finished;
  return { ...finished, said: (finished.stdout + finished.stderr).replace(/\s+/g, ' ') };
}

it('takes a dataset by its name from the cache of Hugging Face, its training split or another', async () => {
  const snapshot = 'hf/hub/datasets--acme--talk/snapshots/0123';
  put('hf/hub/datasets--acme--talk/refs/main', '0123\n');
  put(`${snapshot}/README.md`, '# talk');
  put(`${snapshot}/dataset_infos.json`, '{}');
  put(`${snapshot}/data/train-00000-of-00002.jsonl`, rows('first', 2));
  put(`${snapshot}/data/train-00001-of-00002.jsonl`, rows('second', 1));
  put(`${snapshot}/data/test-00000-of-00001.jsonl`, rows('test', 5));
  const train = await run('acme/talk', environment());
  expect(WENT_THROUGH, train.said).toContain(train.code);
  expect(train.said).toContain('3 issued = 3 succeeded');
  const show = await bench.start(['dataset', 'show', 'acme/talk:test', '--json'], environment()).finished;
  expect(show.stdout.match(/"test \d"/g)).toHaveLength(5);
  const wrong = await bench.start(['dataset', 'info', 'acme/talk:dev'], environment()).finished;
  expect(wrong.code).toBe(2);
  expect(wrong.stderr.replace(/\s+/g, ' ')).toContain(
    'acme/talk:dev: has no split or file "dev"; it has splits: test, train',
  );
});

it('fetches what is named from a hub that was given, once, and nothing otherwise', async () => {
  held['/api/datasets/acme/prompts'] = JSON.stringify({
    sha: 'abc123',
    siblings: [
      { rfilename: 'train.jsonl' },
      { rfilename: 'notes.md' },
      { rfilename: '../../evil.jsonl' },
      { rfilename: '/etc/evil.jsonl' },
    ],
  });
  held['/datasets/acme/prompts/resolve/abc123/train.jsonl'] = rows('from the hub', 4);
  const without = await run('acme/prompts', environment());
  expect(without.code).toBe(2);
  expect(without.said).toContain('acme/prompts: cannot be read');
  expect(asked).toEqual([]);

  const first = await run('acme/prompts', environment({ HF_TOKEN: 'secret-token' }), '--hub', url());
  expect(WENT_THROUGH, first.said).toContain(first.code);
  expect(first.said).toContain('4 issued = 4 succeeded');
  expect(asked).toEqual([
    { path: '/api/datasets/acme/prompts', token: 'Bearer secret-token' },
    { path: '/datasets/acme/prompts/resolve/abc123/train.jsonl', token: 'Bearer secret-token' },
  ]);
  const fetched = bench.file('cache/inferometer/hub/datasets--acme--prompts');
  expect(readdirSync(`${fetched}/snapshots/abc123`)).toEqual(['train.jsonl']);
  expect(existsSync(bench.file('evil.jsonl'))).toBe(false);
  expect(readFileSync(bench.file('run/run.log')).includes('secret-token')).toBe(false);

  const second = await run('acme/prompts', environment(), '--hub', url(), '--out', bench.file('again'));
  expect(WENT_THROUGH, second.said).toContain(second.code);
  expect(asked).toHaveLength(2);
});

it('says what a hub does not give', async () => {
  const missing = await run('acme/none', environment(), '--hub', url());
  expect(missing.code).toBe(2);
  expect(missing.said).toContain(
    `--hub ${url()}: acme/none could not be fetched: HTTP 404 for api/datasets/acme/none`,
  );
  held['/api/datasets/acme/pictures'] = JSON.stringify({ sha: 'a', siblings: [{ rfilename: 'cat.png' }] });
  const pictures = await run('acme/pictures', environment(), '--hub', url());
  expect(pictures.said).toContain('acme/pictures has no file of data (.jsonl');
  const nowhere = await run('acme/none', environment(), '--hub', 'huggingface.co');
  expect(nowhere.said).toContain('--hub must be the URL of a hub, such as https://huggingface.co');
});
