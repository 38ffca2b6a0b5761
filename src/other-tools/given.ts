import { InferometerError } from '../core/errors.ts';
import type { ToolFlag } from './tool.ts';

/** What a command line of another tool gives, by the first name of each flag. */
export class Given {
  readonly #tool: string;
  readonly #flags: ReadonlyMap<string, ToolFlag>;
  readonly #values: ReadonlyMap<string, readonly unknown[]>;
  /** Environment variables in front of the command. */
  readonly environment: Readonly<Record<string, string>>;
  /** What was not understood, one sentence each. */
  readonly notes: readonly string[];

  constructor(
    tool: string,
    flags: readonly ToolFlag[],
    values: ReadonlyMap<string, readonly unknown[]>,
    environment: Readonly<Record<string, string>> = {},
    notes: readonly string[] = [],
  ) {
    this.#tool = tool;
    this.#flags = new Map(flags.map((flag) => [flag.names[0], flag]));
    this.#values = values;
    this.environment = environment;
    this.notes = notes;
  }

  /** The same with other values. */
  with(values: ReadonlyMap<string, readonly unknown[]>, notes: readonly string[] = []): Given {
    return new Given(this.#tool, [...this.#flags.values()], values, this.environment, [
      ...this.notes,
      ...notes,
    ]);
  }

  /** The flags that were given. */
  flags(): readonly ToolFlag[] {
    return [...this.#values.keys()].map((name) => this.#flags.get(name)!);
  }

  has(name: string): boolean {
    this.#flag(name);
    return this.#values.has(name);
  }

  /** Every value, in order. */
  all(name: string): readonly unknown[] {
    this.#flag(name);
    return this.#values.get(name) ?? [];
  }

  texts(name: string): readonly string[] {
    return this.all(name).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  }

  /** The last value, or the tool's default. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1) ?? this.#flag(name).default;
  }

  /** Throws `InferometerError` (input) for text that is no number. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^inf(inity)?$/i.test(text) ? Infinity : text.trim() === '' ? NaN : Number(text);
    if (Number.isNaN(value)) throw this.error(name, 'a number', text);
    return value;
  }

  /** Of a flag that has a default that is a number. */
  count(name: string): number {
    return this.number(name)!;
  }

  json(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.all(name).at(-1);
    if (value === undefined) return undefined;
    try {
      const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
      if (typeof parsed === 'object' && parsed !== null) return parsed as Readonly<Record<string, unknown>>;
    } catch {
      // Told below.
    }
    throw this.error(name, 'a JSON object', typeof value === 'string' ? value : JSON.stringify(value));
  }

  error(name: string, allowed: string, given: string): InferometerError {
    return new InferometerError(
      'INFEROMETER_FROM_INVALID',
      'input',
      `from ${this.#tool}: ${name} must be ${allowed} (got "${given}")`,
    );
  }

  #flag(name: string): ToolFlag {
    const flag = this.#flags.get(name);
    if (flag === undefined) throw new Error(`${this.#tool} has no ${name} in its table`);
    return flag;
  }
}

/** Reads the words behind the program's name. */
export function readFlags(
  tool: string,
  flags: readonly ToolFlag[],
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Given {
  const byName = new Map(flags.flatMap((flag) => flag.names.map((name) => [name, flag] as const)));
  const values = new Map<string, unknown[]>();
  const notes: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const isFlag = isFlagWord(word);
    const [, name = word, attached] = (isFlag && /^(--[^=]+)=([^]*)$/.exec(word)) || [];
    const flag = isFlag ? (byName.get(name) ?? byName.get(name.replaceAll('_', '-'))) : undefined;
    const behind: string[] = attached === undefined ? [] : [attached];
    const most = flag === undefined || flag.takes === 'value' ? 1 : flag.takes === 'nothing' ? 0 : Infinity;
    while (behind.length < most && at + 1 < words.length && isValue(words[at + 1]!, flag))
      behind.push(words[++at]!);
    if (!isFlag) notes.push(`"${word}" is not a flag of ${tool}; it is left out.`);
    else if (flag === undefined)
      notes.push(`${name} is not a flag of ${tool} that is known here; it is left out.`);
    else {
      if (flag.takes !== 'nothing' && behind.length === 0)
        throw new InferometerError(
          'INFEROMETER_FROM_INVALID',
          'input',
          `from ${tool}: ${name} needs a value`,
        );
      const given = flag.takes === 'nothing' ? behind.length === 0 || behind[0] !== 'false' : undefined;
      if (given === false) continue;
      const key = flag.names[0];
      values.set(key, [...(values.get(key) ?? []), ...(given === true ? [true] : behind)]);
    }
  }
  return new Given(tool, flags, values, environment, notes);
}

/** Negative numbers are values. */
function isFlagWord(word: string): boolean {
  return /^--?[a-zA-Z]/.test(word);
}

/** A flag that takes one value takes what is behind it, unless that is a long flag. */
function isValue(word: string, flag: ToolFlag | undefined): boolean {
  return flag?.takes === 'value' ? !word.startsWith('--') : !isFlagWord(word);
}
