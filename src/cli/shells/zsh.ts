import type { CommandOutline, Completes, FlagOutline } from '../command-outline.ts';
import { quoted } from './quoted.ts';

/** The completion of zsh: a file `_inferometer` in a folder of its `fpath`, or sourced. */
export function zshCompletion(commands: readonly CommandOutline[]): string {
  const top = commands.filter(({ name }) => !name.includes(' '));
  return `#compdef inferometer
# zsh completion for inferometer: inferometer completion zsh > "\${fpath[1]}/_inferometer"
_inferometer() {
  local context state line
  _arguments -C '--version[print the version]' '1:command:->command' '*::argument:->arguments'
  case $state in
    command) local -a commands=(
${top.map(describedCommand).join('\n')}
      )
      _describe command commands ;;
    arguments) case $line[1] in
${top.map(commandCase(commands)).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == _inferometer ]]; then _inferometer "$@"; else compdef _inferometer inferometer; fi
`;
}

function commandCase(all: readonly CommandOutline[]): (command: CommandOutline) => string {
  return (command) => {
    const below = all.filter(({ name }) => name.startsWith(`${command.name} `));
    const shown = below.length === 0 ? argumentsOf(command) : nested(below);
    return `      ${command.name}) ${shown} ;;`;
  };
}

function nested(below: readonly CommandOutline[]): string {
  const lastName = ({ name }: CommandOutline) => name.split(' ').at(-1)!;
  const cases = below.map((one) => `          ${lastName(one)}) ${argumentsOf(one)} ;;`).join('\n');
  return `_arguments -C '1:command:(${below.map(lastName).join(' ')})' '*::argument:->below'
        case $line[1] in
${cases}
        esac`;
}

function argumentsOf({ flags, completes }: CommandOutline): string {
  return `_arguments ${[...flags.map(flagSpec), quoted(`*:argument:${action(completes)}`)].join(' ')}`;
}

function flagSpec({ long, argument, help, completes }: FlagOutline): string {
  const value = argument === '' ? '' : `:${plain(argument)}:${action(completes)}`;
  const optional = argument.startsWith('[') ? `:${value}` : value;
  return quoted(`*${long}[${plain(help)}]${optional}`);
}

function describedCommand({ name, description }: CommandOutline): string {
  return `        ${quoted(`${name}:${plain(description)}`)}`;
}

/** Without the characters that mean something in a specification. */
function plain(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(/[[\]:]/g, '\\$&');
}

function action(completes: Completes): string {
  if (completes === 'file') return '_files';
  return completes === 'nothing' ? ' ' : `(${completes.join(' ')})`;
}
