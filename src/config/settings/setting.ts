import type { z } from 'zod';

// The table of settings is what flags, environment variables, YAML, JSON Schema, help, completion and docs are made of. It has no zod in it,
// but functions that are given zod: `--help` and `--version` need not load it.

export type Zod = typeof z;

/** What the text of a flag stands for, or what is allowed instead, in words behind "must be". */
export type Parsed = { readonly value: unknown } | { readonly allowed: string };

/** The values that a setting takes, as text of a flag and as a value of a file. */
export interface ValueType<S extends z.ZodType = z.ZodType> {
  /** As docs name it, e.g. `time`. */
  readonly title: string;
  readonly parse: (text: string) => Parsed;
  /** Each check says what is allowed, in words behind "must be". */
  readonly schema: (zod: Zod) => S;
  /** A value as the text of a flag; without it, as JSON. */
  readonly textOf?: (value: never) => string;
  /** What a shell completes behind the flag. */
  readonly completes?: 'file' | readonly string[];
}

/** What a setting is about, as help has it under a heading. */
export type SettingGroup = 'requests' | 'load' | 'client' | 'output';

/** A flag that stands for one value of a setting, such as `--insecure` for `--tls-verify off`. */
export interface AliasFlag {
  readonly flag: `--${string}`;
  readonly value: unknown;
  readonly help: string;
}

export interface About {
  readonly flag: `--${string}`;
  /** Empty for a flag that is on when it is given. */
  readonly argument: string;
  readonly group: SettingGroup;
  /** What it does, without its default. */
  readonly help: string;
  /** What holds without it, behind the default value: `: off for burst, else on`. */
  readonly defaultNote?: string;
  /** May be given several times; the values are collected. */
  readonly repeatable?: boolean;
  /** How the values of a repeatable flag become one; without it, a list. */
  readonly combine?: (values: readonly unknown[]) => unknown;
  /** Help names its environment variable: the better way to give it. */
  readonly prefersEnvironment?: boolean;
  /** May hold a secret: messages leave it out. */
  readonly secret?: boolean;
  /** Name, in the same group, of the setting with a file that holds the value: `--flag @path`. */
  readonly fileKey?: string;
  readonly aliases?: readonly AliasFlag[];
}

/** A setting that has a flag of its own, or is told by that of another. */
export interface Leaf<S extends z.ZodType = z.ZodType> {
  readonly kind: 'setting';
  readonly type: ValueType;
  readonly about: About | ToldBy;
  /** What it is without being given; undefined for nothing. */
  readonly value: unknown;
  readonly schema: (zod: Zod) => S;
}

/** A setting that the flag of another one gives, too, and how: `--warmup 10s`. */
export interface ToldBy {
  readonly form: string;
  readonly help: string;
}

export interface Group<S extends z.ZodType = z.ZodType> {
  readonly kind: 'group';
  readonly settings: SettingTree;
  /** A flag that gives some settings of the group at once. */
  readonly about: About | undefined;
  readonly parse: ValueType['parse'] | undefined;
  readonly schema: (zod: Zod) => S;
}

/** A list of settings of the same keys, which only a file can have. */
export interface List<S extends z.ZodType = z.ZodType> {
  readonly kind: 'list';
  /** Of each item. */
  readonly settings: SettingTree;
  readonly help: string;
  readonly schema: (zod: Zod) => S;
}

export type SettingTree = Readonly<Record<string, Leaf | Group | List>>;

type ShapeOf<T extends SettingTree> = {
  [K in keyof T]: T[K] extends { readonly schema: (zod: Zod) => infer S extends z.ZodType } ? S : never;
};
type ObjectOf<T extends SettingTree> = z.ZodObject<ShapeOf<T>, z.core.$strict>;

/** A setting without which there is no run. */
export function required<S extends z.ZodType>(type: ValueType<S>, about: About | ToldBy): Leaf<S> {
  const schema = (zod: Zod) => type.schema(zod).describe(helpOf(about, undefined, type));
  return { kind: 'setting', type, about, value: undefined, schema };
}

export function optional<S extends z.ZodType>(
  type: ValueType<S>,
  about: About | ToldBy,
): Leaf<z.ZodOptional<S>> {
  const schema = (zod: Zod) =>
    type
      .schema(zod)
      .optional()
      .describe(helpOf(about, undefined, type));
  return { kind: 'setting', type, about, value: undefined, schema };
}

export function defaulted<S extends z.ZodType>(
  type: ValueType<S>,
  value: z.core.util.NoUndefined<z.output<S>>,
  about: About | ToldBy,
): Leaf<z.ZodDefault<S>> {
  const schema = (zod: Zod) =>
    type
      .schema(zod)
      .default(value)
      .describe(helpOf(about, value, type));
  return { kind: 'setting', type, about, value, schema };
}

/** Settings of one key, which are there with their defaults when none is given. */
export function group<const T extends SettingTree>(settings: T): Group<z.ZodPrefault<ObjectOf<T>>> {
  const schema = (zod: Zod) => objectOf(settings, zod).prefault({} as never);
  return { kind: 'group', settings, about: undefined, parse: undefined, schema };
}

/** Settings of one key, which are not there unless one of them is given. */
export function optionalGroup<const T extends SettingTree>(
  settings: T,
  flag?: { readonly about: About; readonly parse: ValueType['parse'] },
): Group<z.ZodOptional<ObjectOf<T>>> {
  const schema = (zod: Zod) => objectOf(settings, zod).optional();
  return { kind: 'group', settings, about: flag?.about, parse: flag?.parse, schema };
}

/** `items`: what they are, such as `phases`. */
export function optionalList<const T extends SettingTree>(
  settings: T,
  { items, most, help }: { readonly items: string; readonly most: number; readonly help: string },
): List<z.ZodOptional<z.ZodArray<ObjectOf<T>>>> {
  const allowed = `a list of 1 to ${most} ${items}`;
  const schema = (zod: Zod) =>
    zod.array(objectOf(settings, zod), allowed).min(1, allowed).max(most, allowed).optional().describe(help);
  return { kind: 'list', settings, help, schema };
}

/** The object of a tree of settings, with no other keys. */
export function objectOf<const T extends SettingTree>(settings: T, zod: Zod): ObjectOf<T> {
  const shape = Object.fromEntries(Object.entries(settings).map(([key, { schema }]) => [key, schema(zod)]));
  // The entries are those of the tree, which a type can't say of `Object.fromEntries`.
  return zod.strictObject(shape as ShapeOf<T>, 'keys and values');
}

/** What a setting does and what holds without it. */
export function helpOf(about: About | ToldBy, value: unknown, type: Pick<ValueType, 'textOf'>): string {
  const told = defaultText(about, value, type);
  return told === '' ? about.help : `${about.help} (default${told})`;
}

/** Behind the word "default"; empty where nothing is to be said. */
export function defaultText(
  about: About | ToldBy,
  value: unknown,
  { textOf = JSON.stringify as (value: never) => string }: Pick<ValueType, 'textOf'>,
): string {
  const note = 'defaultNote' in about ? (about.defaultNote ?? '') : '';
  const isSwitch = 'argument' in about && about.argument === '';
  const isNothing = value === undefined || isSwitch || isEmptyObject(value);
  return isNothing ? note : ` ${textOf(value as never)}${note}`;
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
