import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from '../process/program.ts';
import { installLlama } from './llama/install.ts';

interface Series {
  readonly total: number;
  readonly min: number;
  readonly max: number;
  readonly percentiles: Record<string, number>;
}
interface Summary {
  readonly n_samples_issued: number;
  readonly n_samples_completed: number;
  readonly n_samples_failed: number;
  readonly complete: boolean;
  readonly ttft: Series;
  readonly latency: Series;
  readonly output_sequence_lengths: Series;
  readonly input_sequence_lengths: Series;
}

const isSupported = process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!isSupported)('against a real llama.cpp', () => {
  const bench = new Workbench();
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const { directory, modelPath } = installLlama();
    const program = join(import.meta.dirname, 'llama/server.main.ts');
    server = spawn(process.execPath, [program, directory, modelPath], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [port] = (await once(server.stdout!, 'data')) as [Buffer];
    url = `http://127.0.0.1:${port.toString().trim()}`;
  }, 120_000);
  afterAll(async () => {
    server.kill('SIGKILL');
    await bench.end();
  });

  it.each(['on', 'off'])(
    'counts, orders and measures its answers, streaming %s',
    async (streaming) => {
      const before = await usage(url);
      const out = `run-${streaming}`;
      const finished = await bench.start([
        ...[
          'run',
          '--endpoint',
          url,
          '--model',
          'random',
          '--dataset',
          bench.dataset(30),
          '--streaming',
          streaming,
        ],
        ...['--concurrency', '8', '--samples', '60', '--max-output-tokens', '24', '--out', bench.file(out)],
      ]).finished;
      expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
      const told = await usage(url);
      const summary = bench.json<Summary>(`${out}/performance/result_summary.json`);
      expect(summary).toMatchObject({
        n_samples_issued: 60,
        n_samples_completed: 60,
        n_samples_failed: 0,
        complete: true,
      });
      expect(told.answers - before.answers).toBe(60);
      expect(summary.output_sequence_lengths.total).toBe(told.completion_tokens - before.completion_tokens);
      expect(summary.input_sequence_lengths.total).toBe(told.prompt_tokens - before.prompt_tokens);
      expect(summary.latency.min).toBeGreaterThan(0);
      if (streaming === 'off') return;
      for (const percentile of ['50.0', '90.0', '99.0']) {
        expect(summary.ttft.percentiles[percentile]).toBeLessThan(summary.latency.percentiles[percentile]!);
      }
    },
    60_000,
  );
});

async function usage(url: string) {
  return (await (await fetch(`${url}/usage`)).json()) as {
    answers: number;
    prompt_tokens: number;
    completion_tokens: number;
  };
}
