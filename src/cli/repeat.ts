import type { Command } from 'commander';
import { MOST_REPEATS, type RepeatQuestion } from '../app/studies/study-question.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { wholeNumberOf } from './flag-values.ts';
import { addRunFlags, givenRunFlags } from './run-flags.ts';
import {
  addStudyFlags,
  commonQuestion,
  concludeStudy,
  type StudyFlags,
  studyOptionsOf,
  studyPathOf,
} from './study-flags.ts';

export function repeatCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('repeat', COMMANDS.repeat, [
    'inferometer repeat 5 --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --concurrency 32 --duration 60s',
    'inferometer repeat 10 --cool-down 10s --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --rate 5 --duration 2m',
  ]).argument('<n>', `number of runs, 2 to ${MOST_REPEATS}`);
  addRunFlags(addStudyFlags(command));
  return command.action(async (count: string, flags: StudyFlags, self: Command) => {
    const { beginStudy } = await import('../app/studies/study.ts');
    const question: RepeatQuestion = {
      ...commonQuestion(flags),
      ...{ kind: 'repeat', repeat: wholeNumberOf('<n>', count, 2, MOST_REPEATS), run: givenRunFlags(self) },
    };
    finish(await concludeStudy(await beginStudy(studyPathOf(flags), question, studyOptionsOf(flags)), flags));
  });
}
