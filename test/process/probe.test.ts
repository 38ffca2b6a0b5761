import { afterAll, expect, it } from 'vitest';
import { startMockServer } from '../../src/testing/mock-server.ts';
import { FAKES, startFake } from '../probe/fake-servers.ts';
import { Workbench } from './program.ts';

const bench = new Workbench();
const closing: (() => unknown)[] = [() => bench.end()];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function kept<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  closing.push(() => server.close());
  return server;
}

it.concurrent('probe names a command that runs', async () => {
  const { url } = await kept(startMockServer({}));
  const { code, stdout, stderr } = await bench.start(['probe', `${url}/api/chat`]).finished;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^APIs: +chat \(\/v1\/chat\/completions\), /m);
  const command = /^ {2}inferometer (run .*)$/m.exec(stdout)![1]!;
  expect(command).toContain('--api ollama');
  const args = command
    .replace('prompts.jsonl', bench.dataset(3))
    .replace('--samples 100', '--samples 3')
    .split(' ');
  const run = await bench.start([...args, '--out', bench.file('run')]).finished;
  expect(run.stdout).toContain('3 issued = 3 succeeded');
});

it.concurrent(
  '--json is for programs, and flags of the connection are repeated without secrets',
  async () => {
    const { url, requests } = await kept(FAKES.vllm());
    const flags = ['--json', '--api-key', 'sk-very-secret', '--header', 'X-Team: secret-team'];
    const { code, stdout } = await bench.start(['probe', `${url}/v1`, ...flags]).finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ server: { name: 'vLLM', version: '0.33.0' }, api: 'chat', ignore_eos: 'yes', needs_key: false },
      command: `INFEROMETER_API_KEY=… inferometer run --endpoint ${url}/v1 --model meta/llama --header 'X-Team: …' --dataset prompts.jsonl --concurrency 4 --samples 100`,
    });
    expect(stdout).not.toContain('secret');
    for (const { headers } of requests) {
      expect(headers['x-team']).toBe('secret-team');
      expect(headers.authorization ?? headers['x-api-key']).toMatch(/^(?:Bearer )?sk-very-secret$/);
    }
  },
);

it.concurrent('exit codes tell a server that is not there from one that cannot be used', async () => {
  const otherwise = () => ({ status: 401, body: { error: 'bad key sk-very-secret' } });
  const { url } = await kept(startFake({ routes: {}, otherwise }));
  const refused = await bench.start(['probe', url, '--model', 'm', '--api-key', 'sk-very-secret']).finished;
  expect(refused.code).toBe(4);
  expect(refused.stdout).toContain('! the server does not accept the key');
  expect(refused.stdout).not.toContain('sk-very');
  const gone = await bench.start(['probe', 'http://127.0.0.1:9']).finished;
  expect([gone.code, gone.stderr]).toEqual([
    3,
    'error: http://127.0.0.1:9 cannot be probed: connection_refused: connect ECONNREFUSED 127.0.0.1:9\n',
  ]);
  const bad = await bench.start(['probe', 'localhost:8000']).finished;
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('must be')]);
});
