import { type Command, CommanderError } from 'commander';

const STUDIES: readonly string[] = ['sweep', 'capacity', 'repeat', 'quick', 'study'];

/**
 * When `run` has refused a flag that other tools have, or `from` a flag of theirs, or a study the `--open` of `run`, the lines that say what to write; else none. `argv`: the words of the
 * whole program.
 */
export async function familiarFlagHints(
  error: unknown,
  program: Command,
  argv: readonly string[],
): Promise<readonly string[]> {
  const isUnknown = error instanceof CommanderError && error.code === 'commander.unknownOption';
  if (isUnknown && argv[2] === 'from')
    return ['put the command line of the other tool behind --, as in: inferometer from vllm -- --model m'];
  if (isUnknown && STUDIES.includes(argv[2]!) && error.message.includes("'--open'"))
    return ['--open is for a single run; open study.html in the folder of the study when it has ended'];
  const run = program.commands.find((command) => command.name() === 'run');
  if (!isUnknown || run === undefined || argv[2] !== 'run') return [];
  // Only those who need it wait for it to load.
  const { familiarFlagLines } = await import('../other-tools/familiar-flags.ts');
  const lines = familiarFlagLines(argv, (flag) =>
    run.options.some(({ long, short }) => flag === long || flag === short),
  );
  return lines.length === 0 ? [] : [...lines, '(inferometer from TOOL -- … translates a whole command line)'];
}
