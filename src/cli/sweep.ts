import type { Command } from 'commander';
import { MOST_CELLS, MOST_REPEATS, type SweepQuestion } from '../app/studies/study-question.ts';
import { withEndpointsPreset } from '../app/studies/endpoints-preset.ts';
import { addRepeatable, choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError, wholeNumberOf } from './flag-values.ts';
import { addRunFlags, givenRunFlags } from './run-flags.ts';
import {
  addStudyFlags,
  commonQuestion,
  concludeStudy,
  type StudyFlags,
  studyOptionsOf,
  studyPathOf,
} from './study-flags.ts';

const DESIGNS = ['grid', 'lhs'] as const;
const DEFAULT_SEED = '42';

interface Flags extends StudyFlags {
  readonly over?: readonly string[];
  readonly design: (typeof DESIGNS)[number];
  readonly cells?: string;
  readonly repeat: string;
  readonly studySeed: string;
  readonly stopAfterSaturation?: boolean;
  readonly gpus?: string;
  readonly preset?: string;
}

export function sweepCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('sweep', COMMANDS.sweep, [
    'inferometer sweep --over concurrency=1,2,4..256 --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --duration 60s --warmup 20',
    "inferometer sweep --over concurrency=1..64 --over input=512,4096 --repeat 3 --synthetic 'output=256' --tokenizer tokenizer.json --endpoint http://localhost:8000 --model m --duration 60s",
    "inferometer sweep --over rate=1..50 --stop-after-saturation --between './restart-server.sh' --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --duration 60s",
    'inferometer sweep --preset mlperf-endpoints:1024 --gpus 8 --endpoint http://localhost:8000 --model m --dataset prompts.jsonl',
  ]);
  addRepeatable(
    command,
    '--over <name=values>',
    'vary this flag of run, or this part of --synthetic: 1,2,4..256 (doubling), 1..10 step 3, or values with commas (or |) between; may be repeated',
  );
  command
    .addOption(
      choiceOption(
        '--design <design>',
        'every combination, or --cells of them as a Latin hypercube',
        DESIGNS,
        'grid',
      ),
    )
    .option('--cells <n>', 'number of combinations to draw, for --design lhs')
    .option('--repeat <n>', 'runs of each combination', '1')
    .option('--study-seed <n>', 'seed of the order of the cells and of --design lhs', DEFAULT_SEED)
    .option(
      '--stop-after-saturation',
      'do not raise the load further once throughput no longer rises significantly',
    )
    .option('--gpus <n>', 'accelerators of the server: throughput is told for each of them')
    .option(
      '--preset <name>',
      'mlperf-endpoints:MAX: seven concurrencies up to MAX, as the rules of MLPerf Endpoints place them, 20 min each',
    );
  addRunFlags(addStudyFlags(command));
  return command.action(async (flags: Flags, self: Command) => {
    const { beginStudy } = await import('../app/studies/study.ts');
    const options = studyOptionsOf(flags);
    const question = withEndpointsPreset(questionOf(flags, self), flags.preset, options.log);
    finish(await concludeStudy(await beginStudy(studyPathOf(flags), question, options), flags));
  });
}

function questionOf(flags: Flags, command: Command): SweepQuestion {
  const { over = [], design, cells, repeat, studySeed, stopAfterSaturation = false, gpus, preset } = flags;
  if (over.length === 0 && preset === undefined)
    throw flagError('--over', '', 'given at least once, e.g. --over concurrency=1,2,4..256');
  return {
    ...commonQuestion(flags),
    ...{ kind: 'sweep', over: [...over], design, stop_after_saturation: stopAfterSaturation },
    run: givenRunFlags(command),
    repeat: wholeNumberOf('--repeat', repeat, 1, MOST_REPEATS),
    study_seed: wholeNumberOf('--study-seed', studySeed, 0, Number.MAX_SAFE_INTEGER),
    ...(cells === undefined ? {} : { cells: wholeNumberOf('--cells', cells, 1, MOST_CELLS) }),
    ...(gpus === undefined ? {} : { gpus: wholeNumberOf('--gpus', gpus, 1, 1_000_000) }),
  };
}
