import type { Given } from './given.ts';
import type { Meaning } from './meaning.ts';

/** The flag here that takes the same value. */
export interface SameHere {
  readonly flag: `--${string}`;
  /** The value as it is written here; as it stands without this. Undefined for one that has no counterpart. */
  readonly value?: (text: string) => string | undefined;
}

/** A flag of another tool, or a key of its configuration. */
export interface ToolFlag {
  /** As their documentation has it first, then what else it is called. */
  readonly names: readonly [string, ...string[]];
  /** `nothing` for a switch, `values` for all words up to the next flag. */
  readonly takes: 'nothing' | 'value' | 'values';
  /** Unit or form of the value. */
  readonly unit?: string;
  /** What holds without it, as their documentation says; numbers are used as such. */
  readonly default?: string;
  /** How it is said here, for the table in docs/migration.md. */
  readonly here: string;
  readonly same?: SameHere;
  /** One sentence to whoever used it: there is no equivalent, or it means something else. */
  readonly note?: string;
}

/** What a tool may need besides its command line. */
export interface Surroundings {
  /** The text of a file that the command line names. */
  readonly readFile: (path: string) => string;
}

/** A load generator whose command lines are understood. A new one is a file with this and an entry of `TOOLS`. */
export interface Tool {
  readonly name: string;
  /** Its command, and the version whose flags these are. */
  readonly title: string;
  /** The word of a command line that names the program or its subcommand. */
  readonly program: RegExp;
  readonly flags: readonly ToolFlag[];
  /** For a tool with several generations of flags: whether these words are of this one. */
  readonly isMeant?: (words: readonly string[]) => boolean;
  /** Where values are not behind flags of their own. */
  readonly spread?: (given: Given, surroundings: Surroundings) => Given;
  /** Throws `InferometerError` (input) for what no command here can do. */
  readonly meaningOf: (given: Given) => Meaning;
}

type Facts = Omit<ToolFlag, 'names' | 'takes' | 'here' | 'same' | 'note'>;

/** A flag with a value that something here says, too. `names` are separated by spaces. */
export function valued(names: string, here: string, facts: Facts & Partial<ToolFlag> = {}): ToolFlag {
  return { names: namesOf(names), takes: 'value', here, ...facts };
}

/** A flag with a value that one flag here takes. */
export function same(
  names: string,
  flag: SameHere['flag'],
  facts: Facts & Partial<ToolFlag> & Pick<SameHere, 'value'> = {},
): ToolFlag {
  const { value, ...others } = facts;
  return {
    names: namesOf(names),
    takes: 'value',
    here: flag,
    same: { flag, ...(value === undefined ? {} : { value }) },
    ...others,
  };
}

/** A switch that something here says, too. */
export function switched(names: string, here: string, facts: Partial<ToolFlag> = {}): ToolFlag {
  return { names: namesOf(names), takes: 'nothing', here, ...facts };
}

/** A flag that nothing here stands for. */
export function missing(names: string, note: string, facts: Facts & Partial<ToolFlag> = {}): ToolFlag {
  return { names: namesOf(names), takes: 'value', here: '', note, ...facts };
}

function namesOf(names: string): ToolFlag['names'] {
  const [first = '', ...others] = names.split(' ');
  return [first, ...others];
}

/** A number of seconds as a duration here. */
export function secondsText(text: string): string | undefined {
  const seconds = Number(text);
  return text.trim() === '' || !(seconds >= 0) || seconds === Infinity ? undefined : timeText(seconds * 1000);
}

/** A duration as flags here take it, in the largest unit that it is a whole number of. */
export function timeText(ms: number): string {
  const rounded = Math.round(ms * 1000) / 1000;
  const unit = UNITS.find(([, unitMs]) => rounded >= unitMs && rounded % unitMs === 0);
  return unit === undefined ? `${rounded}ms` : `${rounded / unit[1]}${unit[0]}`;
}

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;
