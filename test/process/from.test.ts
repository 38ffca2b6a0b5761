import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { shellWords } from '../../src/other-tools/shell-words.ts';
import { startMockServer } from '../../src/testing/mock-server.ts';
import { vocabularies } from '../workload/vocabularies.ts';
import { Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

it('what from prints runs as it stands', async () => {
  const server = await startMockServer({});
  try {
    const theirs = `vllm bench serve --base-url ${server.url} --backend openai-chat --endpoint /v1/chat/completions
      --model m --dataset-name custom --dataset-path ${bench.dataset(5)} --custom-output-len 7 --num-prompts 5
      --num-warmups 2 --temperature 0 --result-dir ${bench.file('out')}`;
    const from = await bench.start(['from', 'vllm', '--', theirs]).finished;
    expect([from.code, from.stderr]).toEqual([0, '']);
    const [program, ...args] = shellWords(from.stdout.replace(/^#.*\n/gm, ''));
    expect(program).toBe('inferometer');
    const run = await bench.start(args).finished;
    expect(run.stdout).toContain('5 issued = 5 succeeded');
    expect(bench.json('out/performance/result_summary.json')).toMatchObject({});
  } finally {
    await server.close();
  }
});

const TOKENIZER = (): string => {
  const { definition, config } = vocabularies().find(({ name }) => name === 'Qwen 3')!;
  const path = bench.file('qwen');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(definition));
  writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(config));
  return path;
};

it('made-up prompts of each kind of API go out as they would from the tool', async () => {
  const server = await startMockServer({});
  const tokenizer = TOKENIZER();
  const host = new URL(server.url);
  const lines = [
    [
      'vllm',
      `--base-url ${server.url} --model m --tokenizer ${tokenizer} --random-input-len 40 --num-prompts 4`,
    ],
    [
      'vllm',
      `--base-url ${server.url} --model m --tokenizer ${tokenizer} --backend openai-embeddings --endpoint /v1/embeddings --random-input-len 40 --num-prompts 4 --max-concurrency 2`,
    ],
    [
      'sglang',
      `--backend sglang-oai-chat --host ${host.hostname} --port ${host.port} --model m --tokenizer ${tokenizer} --dataset-name random --random-input-len 40 --random-output-len 4 --num-prompts 4`,
    ],
    [
      'aiperf',
      `aiperf profile -m m -u ${server.url} --tokenizer ${tokenizer} --streaming --num-conversations 2 --session-turns-mean 2 --session-turn-delay-mean 5 --concurrency 2 --isl 40 --osl 4`,
    ],
  ] as const;
  try {
    for (const [tool, line] of lines) {
      const from = await bench.start(['from', tool, '--', line]).finished;
      const [, ...args] = shellWords(from.stdout.replace(/^#.*\n/gm, ''));
      const run = await bench.start([...args, '--out', bench.file(`run-${tool}-${args.length}`)]).finished;
      expect([line, run.stdout, run.stderr]).toEqual([
        line,
        expect.stringContaining('4 issued = 4 succeeded') as string,
        expect.not.stringContaining('error:') as string,
      ]);
    }
  } finally {
    await server.close();
  }
});

it('--json is for programs, and a file that is not there is told', async () => {
  const path = bench.file('config.yml');
  writeFileSync(
    path,
    'server: {base_url: "http://h:1", model_name: m}\nload: {stages: [{rate: 2, duration: 5}]}\n',
  );
  const words = ['inference-perf', '--config_file', path];
  const json = await bench.start(['from', 'inference-perf', '--json', '--', ...words]).finished;
  expect(JSON.parse(json.stdout)).toMatchObject({
    commands: [{ words: expect.arrayContaining(['--rate', '2', '--duration', '5s']) as string[] }],
    meaning: { streaming: false },
  });
  const missing = await bench.start(['from', 'inference-perf', '--', '--config_file', `${path}.no`]).finished;
  expect([missing.code, missing.stdout]).toEqual([2, '']);
  expect(missing.stderr).toMatch(/^error: .*config\.yml\.no: can't be read: ENOENT/);
});

it('run knows the flags of other tools, misspelled ones, and all that are missing', async () => {
  const run = async (...args: readonly string[]) => {
    const { code, stderr } = await bench.start(['run', ...args]).finished;
    return [code, stderr] as const;
  };
  const [bare, known, misspelled, missing] = await Promise.all([
    bench.start(['from', 'vllm', '--model', 'm']).finished,
    run('--url', 'http://h:1', '-m', 'x', '--num-prompts', '5'),
    run('--concurency', '4'),
    run('--rate', '5'),
  ]);
  expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('behind --, as in:') as string]);
  expect(known[0]).toBe(2);
  expect(known[1]).toContain('inferometer from TOOL -- ');
  expect(known[1]).toContain('here: --endpoint http://h:1\n');
  expect(known[1]).toContain('here: --model x\n');
  expect(known[1]).toContain('here: --samples 5\n');
  expect(misspelled).toEqual([2, expect.stringContaining('Did you mean --concurrency?') as string]);
  expect(missing[1]).toContain('error: --endpoint <url>, --model <name> and --dataset <file>');
});
