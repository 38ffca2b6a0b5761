import { type Command, Option } from 'commander';
import { EXPORT_NAMES, type ExportName, exportResults } from '../app/imports/export-results.ts';
import { exportRunEvents } from '../app/reports/export-events.ts';
import { exportSamples, SAMPLE_FORMATS, type SampleFormat } from '../app/reports/export-samples.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { countedText, percentText } from '../core/quantity-text.ts';
import { choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf, givenText } from './flag-values.ts';

const PROGRESS_INTERVAL_MS = 200;

interface Flags {
  readonly samples: SampleFormat;
  readonly events?: boolean;
  readonly as?: ExportName;
  readonly out?: string;
}

export function exportCommand(finish: (exitCode: number) => void): Command {
  return createCommand('export', COMMANDS.export, [
    'inferometer export runs/20261124T110000Z-1a2b3c',
    'inferometer export runs/20261124T110000Z-1a2b3c --samples csv --out samples.csv',
    'inferometer export runs/20261124T110000Z-1a2b3c --events',
    'inferometer export runs/20261124T110000Z-1a2b3c --as vllm --out result.json',
    `duckdb -c "select quantile_cont(ttft_ns, 0.99) / 1e6 as ms from 'samples.parquet' where measured"`,
  ])
    .argument('<run>', 'run directory, or a report directory of MLCommons endpoints')
    .addOption(choiceOption('--samples <format>', 'one row per sample', SAMPLE_FORMATS, 'parquet'))
    .option('--events', "every event, in MLCommons' format, instead of samples")
    .addOption(
      new Option('--as <format>', 'the result file of another tool, or the report in a common format')
        .choices(EXPORT_NAMES)
        .argParser((text) => choiceOf('--as', text, EXPORT_NAMES)),
    )
    .option(
      '--out <file>',
      'default: samples.<format>, events.jsonl or the name that the tool gives it, in the run directory',
    )
    .action(async (path: string, flags: Flags) => finish(await exportRun(path, flags)));
}

async function exportRun(path: string, { samples, events, as, out }: Flags): Promise<number> {
  const { stderr } = process;
  const outPath = givenText('--out', out, 'a file');
  const log = createLog((line) => stderr.write(`${line}\n`), 'warning');
  const show = progressLine(stderr);
  if (as !== undefined) {
    const exported = await exportResults(path, { as, outPath, log });
    process.stdout.write(`${exported.path}: ${countedText(exported.samples, 'sample')}\n`);
    return EXIT_CODES.ok;
  }
  if (events === true) {
    const exported = await exportRunEvents(path, {
      outPath,
      onEvents: (count, part) =>
        show(() => `${percentText(part)} of the log, ${countedText(count, 'event')} written`),
      log,
    });
    if (stderr.isTTY) stderr.write('\r\x1b[K');
    process.stdout.write(`${exported.path}: ${countedText(exported.events, 'event')}\n`);
    return EXIT_CODES.ok;
  }
  const exported = await exportSamples(path, {
    format: samples,
    outPath,
    onRead: (count) => show(() => `reading the log: ${countedText(count, 'sample')}`),
    onRows: (count, of) => show(() => `${percentText(count / of)} of ${countedText(of, 'sample')} written`),
    log,
  });
  if (stderr.isTTY) stderr.write('\r\x1b[K');
  process.stdout.write(`${exported.path}: ${countedText(exported.samples, 'sample')}\n`);
  return EXIT_CODES.ok;
}

/** Overwrites its line on a terminal, a few times a second; elsewhere it says nothing. */
function progressLine(stream: NodeJS.WriteStream): (text: () => string) => void {
  let nextMs = 0;
  return (text) => {
    const nowMs = performance.now();
    if (!stream.isTTY || nowMs < nextMs) return;
    nextMs = nowMs + PROGRESS_INTERVAL_MS;
    stream.write(`\r${text()}\x1b[K`);
  };
}
