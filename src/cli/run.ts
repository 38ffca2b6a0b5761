import type { Command } from 'commander';
import { AggregatorProcess } from '../app/fold/aggregator-process.ts';
import { endWithParent } from '../app/machine/end-with-parent.ts';
import { SETTINGS } from '../config/flags.ts';
import type { ConfigFlags } from './config-flags.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { addClusterFlags, type ClusterFlags, clusterOptionsOf } from './cluster-flags.ts';
import { addEventFlags, type EventFlags } from './event-flags.ts';
import { addSloFlags, type SloFlags, sloOptionsOf } from './slo-flags.ts';
import { addHelpFlag, addSettingFlags } from './setting-flags.ts';
import { settingTexts } from './setting-texts.ts';
import { addViewFlags, type ViewFlags } from './view-flags.ts';

/** Flags of `run` that are about this invocation, not about what is measured. */
interface RunFlags extends ViewFlags, EventFlags, SloFlags, ConfigFlags, ClusterFlags {
  readonly out?: string;
  readonly quiet?: boolean;
  readonly jsonLines?: boolean;
  readonly open?: boolean;
  readonly plugin?: readonly string[];
}

export function runCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('run', COMMANDS.run, [
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl',
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --pattern poisson --rate 50 --duration 60s',
    'inferometer run --endpoint http://a:8000 --endpoint http://b:8000 --model m --dataset prompts.csv --concurrency 64 --samples 5000',
    'INFEROMETER_API_KEY=… inferometer run --endpoint https://host/v1 --model m --dataset prompts.jsonl --rate 2 --warmup 20',
    'inferometer run --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --event-wire mlcommons --event-address ipc:///tmp/bench/events',
  ]);
  addSettingFlags(command);
  command.option('--out <dir>', 'directory of the run (default runs/<UTC time>-<short id>)');
  addRepeatable(
    command,
    '--plugin <file>',
    'load APIs and dataset formats from this JavaScript or TypeScript file (docs/extending.md)',
  );
  command.option('--quiet', 'print only the result, warnings and errors');
  command.option(
    '--json-lines',
    'print progress to stdout as one JSON object per second; the last one is the result',
  );
  command.option('--open', 'open report.html in the browser at the end');
  addSloFlags(command);
  addViewFlags(command);
  addEventFlags(command);
  addClusterFlags(command);
  addHelpFlag(command);
  command.addHelpText(
    'after',
    '\nCtrl-C once: stop sending, drain, report. Twice: cancel requests in flight,\nreport. Three times: exit.',
  );
  return command.action(
    async ({ out, quiet, jsonLines, open, plugin, ...others }: RunFlags, self: Command) => {
      endWithParent(process.env);
      // It takes longest to start, and loads while this process does.
      const aggregator = AggregatorProcess.start();
      try {
        const { runWith } = await import('./run-with.ts');
        finish(
          await runWith({
            config: others,
            outPath: out,
            flags: settingTexts(self, SETTINGS),
            shown: { quiet, jsonLines },
            opensPage: open === true,
            plugins: plugin ?? [],
            views: others,
            events: others,
            slos: sloOptionsOf(others),
            cluster: clusterOptionsOf(others),
            aggregator,
          }),
        );
      } finally {
        await aggregator.discard();
      }
    },
  );
}
