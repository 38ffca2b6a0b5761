import type { Command } from 'commander';
import { importRun } from '../app/imports/import-run.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { countedText } from '../core/quantity-text.ts';
import { visibleText } from '../core/visible-text.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';

interface Flags {
  readonly out?: string;
}

export function importCommand(finish: (exitCode: number) => void): Command {
  return createCommand('import', COMMANDS.import, [
    'inferometer import vllm-result.json',
    'inferometer import artifacts/profile_export.jsonl --out runs/theirs',
  ])
    .argument('<file>', 'result file of aiperf, guidellm, vllm, sglang or k6; its content tells which')
    .option('--out <dir>', 'directory of the run (default runs/<UTC time>-<short id>)')
    .action(async (file: string, { out }: Flags) => {
      const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
      const imported = await importRun(file, givenText('--out', out, 'a writable directory'), log);
      const { path, report, loadGenerator, samples, notes } = imported;
      for (const note of notes) log.warning(visibleText(note));
      process.stdout.write(`${terminalSummary(report).join('\n')}\n`);
      process.stdout.write(`${path}: ${countedText(samples, 'sample')} of ${visibleText(loadGenerator)}\n`);
      finish(EXIT_CODES.ok);
    });
}
