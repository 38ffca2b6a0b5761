import type { CommandOutline, Completes } from '../command-outline.ts';
import { quoted } from './quoted.ts';

/** The completion of bash, 4 or newer. It is whole in itself: nothing is started while somebody types. */
export function bashCompletion(commands: readonly CommandOutline[]): string {
  const names = commands.filter(({ name }) => !name.includes(' ')).map(({ name }) => name);
  const nested = commands.filter(({ below }) => below.length > 0);
  return `# bash completion for inferometer: source <(inferometer completion bash)
_inferometer() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" at=1
  COMPREPLY=()
  while ((at < COMP_CWORD)); do
    case "\${COMP_WORDS[at]}" in
      --) compopt -o default; return ;;
      -*) ;;
      *)
        case "$command \${COMP_WORDS[at]}" in
${[
  ...names.map((name) => ` ${name}`),
  ...nested.flatMap(({ name, below }) => below.map((one) => `${name} ${one}`)),
]
  .map((name) => `          ${quoted(name)}) command=${quoted(name.trim())} ;;`)
  .join('\n')}
        esac
        ;;
    esac
    ((at++))
  done
  case "$command $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command" in
    '') _inferometer_words ${quoted([...names, 'help', '--help', '--version'].join(' '))} ;;
${commands.map(commandCase).join('\n')}
  esac
}
_inferometer_words() {
  COMPREPLY=($(compgen -W "$1" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_inferometer_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -F _inferometer inferometer
`;
}

function valueCases({ name, flags }: CommandOutline): readonly string[] {
  return flags
    .filter(({ argument }) => argument.startsWith('<'))
    .map(({ long, short, completes }) => {
      const patterns = [long, ...(short === undefined ? [] : [short])].map((flag) =>
        quoted(`${name} ${flag}`),
      );
      return `    ${patterns.join('|')}) ${action(completes)}; return ;;`;
    });
}

function commandCase({ name, flags, completes }: CommandOutline): string {
  const words = quoted(flags.map(({ long }) => long).join(' '));
  return `    ${quoted(name)}) if [[ $current == -* ]]; then _inferometer_words ${words}; else ${action(completes)}; fi ;;`;
}

function action(completes: Completes): string {
  if (completes === 'file') return '_inferometer_files';
  return completes === 'nothing' ? ':' : `_inferometer_words ${quoted(completes.join(' '))}`;
}
