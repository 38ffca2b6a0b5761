import type { Command } from 'commander';
import { exportSamples, SAMPLE_FORMATS, type SampleFormat } from '../app/export-samples.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { countedText, percentText } from '../core/quantity-text.ts';
import { choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';

interface Flags {
  readonly samples: SampleFormat;
  readonly out?: string;
}

export function exportCommand(finish: (exitCode: number) => void): Command {
  return createCommand('export', COMMANDS.export, [
    'inferometer export runs/20261124T110000Z-1a2b3c',
    'inferometer export runs/20261124T110000Z-1a2b3c --samples csv --out samples.csv',
    `duckdb -c "select quantile_cont(ttft_ns, 0.99) / 1e6 as ms from 'samples.parquet' where measured"`,
  ])
    .argument('<run>', 'run directory')
    .addOption(choiceOption('--samples <format>', 'one row a sample', SAMPLE_FORMATS, 'parquet'))
    .option('--out <file>', 'default: samples.<format> in the run directory')
    .action(async (path: string, flags: Flags) => finish(await exportRun(path, flags)));
}

async function exportRun(path: string, { samples, out }: Flags): Promise<number> {
  const { stderr } = process;
  const progress = (count: number, of: number) => {
    if (stderr.isTTY) stderr.write(`\r${percentText(count / of)} of ${countedText(of, 'sample')}\x1b[K`);
  };
  const exported = await exportSamples(path, {
    format: samples,
    outPath: givenText('--out', out, 'a file'),
    onRows: progress,
    log: createLog((line) => stderr.write(`${line}\n`), 'warning'),
  });
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  process.stdout.write(`${exported.path}: ${countedText(exported.samples, 'sample')}\n`);
  return EXIT_CODES.ok;
}
