import type { CommandOutline, Completes, FlagOutline } from '../command-outline.ts';

/** The completion of fish: ~/.config/fish/completions/inferometer.fish, or sourced. */
export function fishCompletion(commands: readonly CommandOutline[]): string {
  const top = commands.filter(({ name }) => !name.includes(' '));
  const lines = [
    '# fish completion for inferometer: inferometer completion fish | source',
    'complete -c inferometer -f',
    `complete -c inferometer -n __fish_use_subcommand -l version -d ${quotedForFish('print the version')}`,
    ...top.map(
      ({ name, description }) =>
        `complete -c inferometer -n __fish_use_subcommand -a ${name} -d ${quotedForFish(description)}`,
    ),
    ...commands.flatMap(linesOf),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(command: CommandOutline): readonly string[] {
  const seen = command.name.split(' ').map((name) => `__fish_seen_subcommand_from ${name}`);
  const start = `complete -c inferometer -n ${quotedForFish(seen.join('; and '))}`;
  return [
    `${start} ${valueOf(command.completes)}`.trim(),
    ...command.flags.map((flag) => `${start} ${flagOf(flag)}`),
  ];
}

function flagOf({ long, short, argument, help, completes }: FlagOutline): string {
  const names = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  const value = argument.startsWith('<') ? `-r ${valueOf(completes)}` : '';
  return [...names, value.trim(), `-d ${quotedForFish(help)}`].filter((part) => part !== '').join(' ');
}

function valueOf(completes: Completes): string {
  if (completes === 'file') return '-F';
  return completes === 'nothing' ? '' : `-a ${quotedForFish(completes.join(' '))}`;
}

/** Text as one word of fish. */
function quotedForFish(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
