import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { parse, YAMLParseError } from 'yaml';
import { resolveConfig } from '../config/resolve.ts';
import { SETTINGS } from '../config/settings.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { defaultCalibrationPath } from '../app/calibration/calibration-file.ts';
import { runBenchmark } from '../app/run-benchmark.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { createRunScreen } from './run-screen.ts';

/** Flags of `run` that are about this invocation, not about what is measured. */
interface RunFlags {
  readonly config?: string;
  readonly out?: string;
}

export function runCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('run', COMMANDS.run, [
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl',
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --pattern poisson --rate 50 --duration 60s',
    'inferometer run --endpoint http://a:8000 --endpoint http://b:8000 --model m --dataset prompts.csv --concurrency 64 --samples 5000',
    'INFEROMETER_API_KEY=… inferometer run --endpoint https://host/v1 --model m --dataset prompts.jsonl --rate 2 --warmup 20',
  ]);
  command.option(
    '--config <file>',
    'YAML file with the same settings (as config.yaml of an earlier run); flags win over it',
  );
  for (const { flag, argument, help, environment } of SETTINGS) {
    addRepeatable(
      command,
      `${flag} ${argument}`,
      environment === undefined ? help : `${help} (${environment})`,
    );
  }
  command.option('--out <dir>', 'directory of the run (default runs/<UTC time>-<short id>)');
  command.addHelpText(
    'after',
    '\nCtrl-C once: stop issuing, drain, report. Twice: cancel what is in flight, report. Three times: exit.',
  );
  return command.action(async (flags: RunFlags, self: Command) => {
    const file = flags.config === undefined ? {} : await readConfigFile(flags.config);
    const config = resolveConfig({ file, environment: process.env, flags: textsOf(self) });
    finish(
      await runBenchmark(config, {
        outPath: flags.out,
        calibrationPath: defaultCalibrationPath(process.env),
        screen: createRunScreen(process.stderr, process.stdout),
      }),
    );
  });
}

/** The texts given for each flag of the settings table. */
function textsOf(command: Command): ReadonlyMap<string, readonly string[]> {
  const values = command.opts<Record<string, readonly string[] | undefined>>();
  return new Map(
    SETTINGS.flatMap(({ flag }) => {
      const texts = values[new Option(flag).attributeName()];
      return texts === undefined ? [] : [[flag, texts]];
    }),
  );
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  try {
    const content: unknown = parse(await readFile(path, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as Record<string, unknown>;
    throw configError(path, 'found no settings, wanted keys and values');
  } catch (error) {
    if (error instanceof InferometerError) throw error;
    if (error instanceof YAMLParseError) {
      const at = error.linePos?.[0];
      throw configError(
        at === undefined ? path : `${path}:${at.line}:${at.col}`,
        error.message.split('\n')[0]!,
      );
    }
    throw configError(path, `can't be read: ${errorText(error)}`);
  }
}

function configError(place: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_CONFIG_FILE', 'input', `--config ${place}: ${what}`);
}
