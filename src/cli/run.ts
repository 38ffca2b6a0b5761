import { Option, type Command } from 'commander';
import { AggregatorProcess } from '../app/fold/aggregator-process.ts';
import { SETTINGS, type SettingGroup } from '../config/flags.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { addEventFlags, type EventFlags } from './event-flags.ts';
import { settingTexts } from './setting-texts.ts';
import { addViewFlags, type ViewFlags } from './view-flags.ts';

/** Flags of `run` that are about this invocation, not about what is measured. */
interface RunFlags extends ViewFlags, EventFlags {
  readonly config?: string;
  readonly out?: string;
  readonly quiet?: boolean;
  readonly jsonLines?: boolean;
}

/** In the order of help: required flags first. */
const HEADINGS: Readonly<Record<SettingGroup, string>> = {
  requests: 'Server and requests (required: --endpoint, --model, --dataset):',
  load: 'Load:',
  client: 'Client:',
  output: 'Progress, results and settings:',
};

export function runCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('run', COMMANDS.run, [
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl',
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --pattern poisson --rate 50 --duration 60s',
    'inferometer run --endpoint http://a:8000 --endpoint http://b:8000 --model m --dataset prompts.csv --concurrency 64 --samples 5000',
    'INFEROMETER_API_KEY=… inferometer run --endpoint https://host/v1 --model m --dataset prompts.jsonl --rate 2 --warmup 20',
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --event-wire mlcommons --event-address ipc:///tmp/bench/events',
  ]);
  for (const [group, heading] of Object.entries(HEADINGS)) {
    command.optionsGroup(heading);
    for (const { flag, argument, help, environment } of SETTINGS.filter((one) => one.group === group)) {
      const text = environment === undefined ? help : `${help} (${environment})`;
      if (argument === '') command.addOption(new Option(flag, text));
      else addRepeatable(command, `${flag} ${argument}`, text);
    }
  }
  command.option(
    '--config <file>',
    'YAML file with the same settings, such as config.yaml of an earlier run; flags override it',
  );
  command.option('--out <dir>', 'directory of the run (default runs/<UTC time>-<short id>)');
  command.option('--quiet', 'print only the result, warnings and errors');
  command.option(
    '--json-lines',
    'print progress to stdout as one JSON object per second; the last one is the result',
  );
  addViewFlags(command);
  addEventFlags(command);
  command.addHelpOption(new Option('-h, --help', 'display help for command').helpGroup(HEADINGS.output));
  command.addHelpText(
    'after',
    '\nCtrl-C once: stop sending, drain, report. Twice: cancel requests in flight,\nreport. Three times: exit.',
  );
  return command.action(async ({ config, out, quiet, jsonLines, ...others }: RunFlags, self: Command) => {
    // It takes longest to start, and loads while this process does.
    const aggregator = AggregatorProcess.start();
    try {
      const { runWith } = await import('./run-with.ts');
      finish(
        await runWith({
          configPath: config,
          outPath: out,
          flags: settingTexts(self, SETTINGS),
          shown: { quiet, jsonLines },
          views: others,
          events: others,
          aggregator,
        }),
      );
    } finally {
      await aggregator.discard();
    }
  });
}
