const LATEST = ':latest';
/** What servers put behind the name of an alias: a date, or a number of a version. */
const VERSION_ENDING = /^[-@:]v?\d[\d.-]*$/;

/**
 * Whether two names may be of one model: apart from case and folders in front (`/models/llama`, `openai/gpt-5`), from `:latest`, and from a version behind
 * an alias (`gpt-5-2026-08-07`). Servers write the same model in several ways.
 */
export function mayBeSameModel(one: string, other: string): boolean {
  const [a, b] = [bareName(one), bareName(other)];
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short === '') return long === '';
  return long.startsWith(short) && (long === short || VERSION_ENDING.test(long.slice(short.length)));
}

function bareName(name: string): string {
  const last =
    name
      .toLowerCase()
      .split('/')
      .findLast((part) => part !== '') ?? '';
  return last.endsWith(LATEST) ? last.slice(0, -LATEST.length) : last;
}
