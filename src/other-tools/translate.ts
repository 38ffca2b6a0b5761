import { InferometerError } from '../core/errors.ts';
import { type Given, readFlags } from './given.ts';
import type { Meaning } from './meaning.ts';
import { type RunCommand, runCommandsOf } from './run-commands.ts';
import { shellWords } from './shell-words.ts';
import type { Surroundings, Tool } from './tool.ts';
import { TOOL_NAMES, TOOLS } from './tools.ts';

export interface Translation {
  /** The tool and the version whose flags were read. */
  readonly tool: string;
  readonly meaning: Meaning;
  /** One, or one for each run of a sweep. */
  readonly commands: readonly RunCommand[];
  /** What is not the same, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * A command line of another tool as one of `inferometer run`. `words` are its flags, or the whole line: in words, or in one.
 *
 * Throws `InferometerError` (input) for an unknown tool, values that make no sense and what nothing here can do.
 */
export function translate(name: string, words: readonly string[], surroundings: Surroundings): Translation {
  const { tool, given } = read(name, words, surroundings);
  const meaning = tool.meaningOf(given);
  const { commands, notes } = runCommandsOf(meaning, tool.name);
  const ofFlags = given
    .flags()
    .flatMap(({ names, note }) => (note === undefined ? [] : [`${names[0]}: ${note}`]));
  return {
    tool: tool.title,
    meaning,
    commands,
    notes: [...new Set([...given.notes, ...ofFlags, ...(meaning.notes ?? []), ...notes])],
  };
}

function read(
  name: string,
  words: readonly string[],
  surroundings: Surroundings,
): { readonly tool: Tool; readonly given: Given } {
  const all = words.length === 1 && /\s/.test(words[0]!) ? shellWords(words[0]!) : words;
  const tool = TOOLS.find((one) => one.name === name && (one.isMeant?.(all) ?? true));
  if (tool === undefined)
    throw new InferometerError(
      'INFEROMETER_FROM_UNKNOWN_TOOL',
      'input',
      `from must be followed by one of ${TOOL_NAMES.join(', ')} (got "${name}")`,
    );
  const environment: Record<string, string> = {};
  const rest = all.slice(programEnd(all, tool));
  for (const word of all) {
    const [, variable, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(word) ?? [];
    if (variable === undefined) break;
    environment[variable] = value!;
  }
  const given = readFlags(tool.name, tool.flags, rest, environment);
  return { tool, given: tool.spread?.(given, surroundings) ?? given };
}

/** Where the flags begin: behind the last word of the program's name, such as `vllm bench serve` or `python -m …`. */
function programEnd(words: readonly string[], { program }: Tool): number {
  const firstLong = words.findIndex((word) => word.startsWith('--'));
  const before = words.slice(0, firstLong === -1 ? words.length : firstLong);
  return before.findLastIndex((word) => program.test(word)) + 1;
}
