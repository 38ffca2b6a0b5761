import type { Command } from 'commander';
import { exportRunEvents } from '../app/export-events.ts';
import { exportSamples, SAMPLE_FORMATS, type SampleFormat } from '../app/export-samples.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { countedText, percentText } from '../core/quantity-text.ts';
import { choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';

interface Flags {
  readonly samples: SampleFormat;
  readonly events?: boolean;
  readonly out?: string;
}

export function exportCommand(finish: (exitCode: number) => void): Command {
  return createCommand('export', COMMANDS.export, [
    'inferometer export runs/20261124T110000Z-1a2b3c',
    'inferometer export runs/20261124T110000Z-1a2b3c --samples csv --out samples.csv',
    'inferometer export runs/20261124T110000Z-1a2b3c --events',
    `duckdb -c "select quantile_cont(ttft_ns, 0.99) / 1e6 as ms from 'samples.parquet' where measured"`,
  ])
    .argument('<run>', 'run directory')
    .addOption(choiceOption('--samples <format>', 'one row per sample', SAMPLE_FORMATS, 'parquet'))
    .option('--events', "every event, in MLCommons' format, instead of samples")
    .option('--out <file>', 'default: samples.<format> or events.jsonl in the run directory')
    .action(async (path: string, flags: Flags) => finish(await exportRun(path, flags)));
}

async function exportRun(path: string, { samples, events, out }: Flags): Promise<number> {
  const { stderr } = process;
  const outPath = givenText('--out', out, 'a file');
  const log = createLog((line) => stderr.write(`${line}\n`), 'warning');
  if (events === true) {
    const exported = await exportRunEvents(path, { outPath, log });
    process.stdout.write(`${exported.path}: ${countedText(exported.events, 'event')}\n`);
    return EXIT_CODES.ok;
  }
  const progress = (count: number, of: number) => {
    if (stderr.isTTY) stderr.write(`\r${percentText(count / of)} of ${countedText(of, 'sample')}\x1b[K`);
  };
  const exported = await exportSamples(path, {
    format: samples,
    outPath,
    onRows: progress,
    log,
  });
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  process.stdout.write(`${exported.path}: ${countedText(exported.samples, 'sample')}\n`);
  return EXIT_CODES.ok;
}
