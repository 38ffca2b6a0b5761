import type { Command } from 'commander';
import type { CapacityQuestion } from '../app/studies/study-question.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError, givenText } from './flag-values.ts';
import { addRunFlags, givenRunFlags } from './run-flags.ts';
import {
  addStudyFlags,
  commonQuestion,
  concludeStudy,
  type StudyFlags,
  studyOptionsOf,
  studyPathOf,
} from './study-flags.ts';

interface Flags extends StudyFlags {
  readonly over?: string;
  readonly probeDuration: string;
}

export function capacityCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('capacity', COMMANDS.capacity, [
    "inferometer capacity --slo 'ttft p99 < 500ms' --over rate=1..500 --endpoint http://localhost:8000 --model m --dataset prompts.jsonl",
    "inferometer capacity --slo 'ttft p90 < 1s' --slo 'tpot p90 < 50ms' --over concurrency=1..512 --probe-duration 2m --warmup 20 --endpoint http://localhost:8000 --model m --dataset prompts.jsonl",
  ])
    .option('--over <name=low..high>', 'where to look: rate=1..500 (requests a second) or concurrency=1..512')
    .option(
      '--probe-duration <time>',
      'how long a probe lasts at most; probes far from the capacity are shorter',
      '60s',
    );
  addRunFlags(addStudyFlags(command));
  return command.action(async (flags: Flags, self: Command) => {
    const { beginStudy } = await import('../app/studies/study.ts');
    const { over, probeDuration } = flags;
    if (over === undefined) throw flagError('--over', '', 'given, e.g. --over rate=1..500');
    const question: CapacityQuestion = {
      ...commonQuestion(flags),
      ...{
        kind: 'capacity',
        over: givenText('--over', over, 'NAME=LOW..HIGH'),
        probe_duration: probeDuration,
      },
      run: givenRunFlags(self),
    };
    finish(await concludeStudy(await beginStudy(studyPathOf(flags), question, studyOptionsOf(flags)), flags));
  });
}
