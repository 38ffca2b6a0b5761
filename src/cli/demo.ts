import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { startMockProcess } from '../app/machine/mock-process.ts';
import { runBenchmark } from '../app/run/run-benchmark.ts';
import { resolveConfig } from '../config/resolve.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { entryModule } from '../core/program-files.ts';
import { createSyntheticDataset } from '../dataset/synthetic.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { createRunScreen } from './run-screen.ts';

const RATE_PER_SECOND = 40;
const DURATION = '20s';

interface Flags {
  readonly duration: string;
}

export function demoCommand(finish: (exitCode: number) => void): Command {
  return createCommand('demo', COMMANDS.demo, ['inferometer demo', 'inferometer demo --duration 5s'])
    .option('--duration <time>', 'how long to send requests', DURATION)
    .action(async ({ duration }: Flags) => finish(await demo(duration)));
}

async function demo(duration: string): Promise<number> {
  const program = fileURLToPath(entryModule('cli/main'));
  const server = await startMockProcess(program, []);
  const place = await mkdtemp(join(tmpdir(), 'inferometer-demo-'));
  try {
    const { url } = server;
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
    const exitCode = await runBenchmark(config, {
      screen: createRunScreen(process),
      calibrationPath: defaultCalibrationPath(process.env),
    });
    // The verdict on a machine with other things to do is part of what is shown, not a failure of the demo.
    return exitCode === EXIT_CODES.result ? EXIT_CODES.ok : exitCode;
  } finally {
    await server.stop();
    await rm(place, { recursive: true, force: true });
  }
}
