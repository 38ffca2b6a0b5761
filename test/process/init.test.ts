import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { waitFor, Workbench } from './program.ts';
import { tmuxMissing, TmuxTerminal } from './tmux.ts';

const bench = new Workbench();
afterAll(() => bench.end());
const program = (...args: string[]) => bench.start(args, {}, bench.path).finished;

it('writes a file that validate takes, and no other file over it', async () => {
  expect(await program('init', 'chat', '--out', 'chat.yaml')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'wrote chat.yaml; next: inferometer info --config chat.yaml\n',
  });
  expect(await program('validate', '-c', 'chat.yaml')).toMatchObject({
    code: 0,
    stdout: 'the settings are valid, with 1 profile: smoke\n',
  });
  writeFileSync(bench.file('mine.yaml'), 'mine');
  expect(await program('init', 'ci', '--out', 'mine.yaml')).toMatchObject({
    code: 2,
    stderr: 'error: --out mine.yaml: is there already; choose another file\n',
  });
  expect(readFileSync(bench.file('mine.yaml'), 'utf8')).toBe('mine');
});

it('names the templates where nobody can be asked', async () => {
  const { code, stderr } = await program('init');
  expect([code, stderr]).toEqual([
    2,
    'error: init: the template must be one of chat, rag, agents, batch, ci when there is no terminal to ask on (got "")\n',
  ]);
  expect((await program('init', 'chta')).stderr).toContain(
    'must be one of chat, rag, agents, batch, ci (got "chta")',
  );
});

it.skipIf(tmuxMissing() !== undefined)('asks at a terminal', async () => {
  const size = { width: 100, height: 30 };
  const terminal = new TmuxTerminal('init', size, ['init', '--out', 'asked.yaml'], { directory: bench.path });
  try {
    const shows = (text: string) => waitFor(() => terminal.text().includes(text), text);
    await shows('What is the load? [chat]');
    terminal.press('r', 'a', 'g', 'Enter');
    await shows('URL of the server? [http://localhost:8000]');
    terminal.press('Enter');
    await shows('Model? [my-model]');
    terminal.press('m', '1', 'Enter');
    await shows('Dataset? [rag.jsonl]');
    terminal.press('Enter');
    await shows('exit code 0');
  } finally {
    terminal.end();
  }
  const text = readFileSync(bench.file('asked.yaml'), 'utf8');
  expect(text).toContain("model: '${MODEL:-m1}'");
  expect(text).toContain("dataset: 'rag.jsonl'");
});
