import { SETTINGS, type Setting } from '../../config/flags.ts';
import { REDACTED } from '../../config/redact.ts';
import { REDACTED_PART, redactUrls } from '../../core/redact-url.ts';

/** Flags of `run` as a study passes them on: flag → the texts given for it; none for a flag without a value. */
export type RunFlags = Readonly<Record<string, readonly string[]>>;

/** Parts of `--synthetic` that a study may vary by their own names. */
const SYNTHETIC_PARTS: readonly string[] = [
  ...['input', 'output', 'correlation', 'lengths', 'prefix', 'system', 'turns', 'text', 'count'],
];

/** The key goes to a run by its environment: command lines can be seen by every user of a machine. */
const KEY_FLAG = '--api-key';
const KEY_VARIABLE = 'INFEROMETER_API_KEY';
export const CONFIG_FLAG = '--config';

/** Why a factor can't be varied, in words that follow its name; undefined when it can. */
export function factorFault(name: string, flags: RunFlags): string | undefined {
  const setting = settingNamed(name);
  if (setting === undefined)
    return SYNTHETIC_PARTS.includes(name) ? undefined : 'is no flag of run and no part of --synthetic';
  if (setting.secret === true) return 'may hold a secret and cannot be varied';
  return flags[setting.flag] === undefined ? undefined : `is also given as ${setting.flag}; give it once`;
}

/** The flags with one more set as a factor has it. */
export function withFactor(flags: RunFlags, name: string, value: string): RunFlags {
  const setting = settingNamed(name);
  if (setting === undefined)
    return { ...flags, '--synthetic': [withPart(flags['--synthetic']?.at(-1), name, value)] };
  if (setting.argument !== '') return { ...flags, [setting.flag]: [value] };
  // Whatever is neither stays, for the check of the settings to refuse.
  return value === 'off' ? flags : { ...flags, [setting.flag]: value === 'on' ? [] : [value] };
}

/** As `resolveConfig` takes them: the settings among them, with `on` for those without a value. */
export function settingTextsOf(flags: RunFlags): ReadonlyMap<string, readonly string[]> {
  return new Map(
    SETTINGS.flatMap(({ flag, argument }) => {
      const texts = flags[flag];
      if (texts === undefined) return [];
      return [[flag, argument === '' && texts.length === 0 ? ['on'] : texts] as const];
    }),
  );
}

/** The words of a command line of `run`, and what its environment needs besides. */
export function commandOf(flags: RunFlags): {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
} {
  const words = Object.entries(flags).flatMap(([flag, texts]) => {
    if (flag === KEY_FLAG) return [];
    return texts.length === 0 ? [flag] : texts.map((text) => `${flag}=${text}`);
  });
  const key = flags[KEY_FLAG]?.at(-1);
  return { words, environment: key === undefined ? {} : { [KEY_VARIABLE]: key } };
}

/** The flags as they may be written to a file: without what is, or may be, a secret. */
export function redactedFlags(flags: RunFlags, secrets: readonly string[]): RunFlags {
  return Object.fromEntries(
    Object.entries(flags).map(([flag, texts]) => [flag, texts.map((text) => redacted(flag, text, secrets))]),
  );
}

/** Flags of which a value was not saved. */
export function redactedFlagNames(flags: RunFlags): readonly string[] {
  const isRedacted = (text: string) =>
    text.includes(REDACTED) || new RegExp(`://${REDACTED_PART}@|[?&=]${REDACTED_PART}(?=$|[&#])`).test(text);
  return Object.keys(flags).filter((flag) => flags[flag]!.some(isRedacted));
}

function redacted(flag: string, text: string, secrets: readonly string[]): string {
  const setting = SETTINGS.find((one) => one.flag === flag);
  // The path of a key's file is none.
  if (flag === '--token' || (setting?.secret === true && flag !== '--key')) return REDACTED;
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, REDACTED), redactUrls(text));
}

function settingNamed(name: string): Setting | undefined {
  return SETTINGS.find(({ flag }) => flag === `--${name}`);
}

/** `input=512 output=64` with another `input`. */
function withPart(text: string | undefined, name: string, value: string): string {
  const others = (text?.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).filter((part) => !part.startsWith(`${name}=`));
  return [`${name}=${/\s/.test(value) ? `"${value}"` : value}`, ...others].join(' ');
}
