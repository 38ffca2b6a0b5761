import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { runBenchmark } from '../app/run-benchmark.ts';
import { resolveConfig } from '../config/resolve.ts';
import { InferometerError } from '../core/errors.ts';
import { siblingModule } from '../core/sibling-module.ts';
import { createSyntheticDataset } from '../dataset/synthetic.ts';
import { createCommand } from './command-line.ts';
import { createRunScreen } from './run-screen.ts';

const RATE_PER_SECOND = 40;
const DURATION = '20s';

interface Flags {
  readonly duration: string;
}

export function demoCommand(finish: (exitCode: number) => void): Command {
  return createCommand('demo', 'Starts the mock LLM server, load-tests it and prints the report.', [
    'inferometer demo',
    'inferometer demo --duration 5s',
  ])
    .option('--duration <time>', 'how long to send requests', DURATION)
    .action(async ({ duration }: Flags) => finish(await demo(duration)));
}

async function demo(duration: string): Promise<number> {
  const place = await mkdtemp(join(tmpdir(), 'inferometer-demo-'));
  const server = startMock();
  try {
    const url = await urlOf(server);
    const dataset = join(place, 'prompts.jsonl');
    const { rows } = createSyntheticDataset({
      rowCount: 500,
      medianWords: 40,
      sigma: 0.6,
      maxWords: 400,
      seed: 42,
    });
    await writeFile(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const flags = {
      '--endpoint': url,
      '--model': 'mock',
      '--dataset': dataset,
      '--rate': String(RATE_PER_SECOND),
      '--duration': duration,
      '--warmup': '20',
    };
    const config = resolveConfig({
      environment: {},
      flags: new Map(Object.entries(flags).map(([flag, text]) => [flag, [text]])),
    });
    process.stderr.write(`mock LLM server on ${url}: answers like a mid-size model, knows its own times\n`);
    process.stderr.write(`this is: inferometer run ${Object.entries(flags).flat().join(' ')}\n\n`);
    return await runBenchmark(config, { screen: createRunScreen(process.stderr, process.stdout) });
  } finally {
    server.kill('SIGTERM');
    await rm(place, { recursive: true, force: true });
  }
}

/** The server runs in a process of its own, as a server under test must. */
function startMock(): ChildProcess {
  const program = fileURLToPath(siblingModule(import.meta.url, './main'));
  return spawn(process.execPath, [program, 'serve-mock', '--with-parent'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C is for the run: it goes to the process group of the terminal, which the server is then no part of.
    detached: true,
  });
}

async function urlOf(server: ChildProcess): Promise<string> {
  const ended = once(server, 'exit').then(() => undefined);
  const lines = createInterface({ input: server.stdout! });
  const first = once(lines, 'line').then(([line]) => /http:\/\/\S+/.exec(line as string)?.[0]);
  const url = await Promise.race([first, ended]);
  if (url === undefined)
    throw new InferometerError('INFEROMETER_DEMO_SERVER', 'setup', 'demo: the mock server did not start');
  return url;
}
