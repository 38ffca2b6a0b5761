/** What stands for a secret in a URL. */
export const REDACTED_PART = 'redacted';

/** Names of query items whose values are worth showing, and are no secrets; the value of any other may be one. */
const HARMLESS_ITEMS: ReadonlySet<string> = new Set([
  'api-version',
  'api_version',
  'version',
  'model',
  'stream',
]);

export interface QueryItem {
  readonly name: string;
  readonly value: string;
}

/** An item, or a text without a name, which may be a key itself. */
const QUERY_ITEM = /([?&])([^=&#\s"'<>]*)(=?)([^&#\s"'<>]*)/g;
const USER_INFO = /(\w:\/\/|^\/\/)[^/?#@\s"'<>]*@/g;

/** The items of a query that may hold a secret; one without a name is its own value. */
export function secretItems(text: string): readonly QueryItem[] {
  return Array.from(text.matchAll(QUERY_ITEM), ([, , first, equals, value]) =>
    equals === '' ? { name: '', value: first! } : { name: decoded(first!), value: value! },
  ).filter(({ name, value }) => value !== '' && !isHarmless(name));
}

/** Text that is, or holds, URLs: without their user info and with the values of query items replaced but for harmless ones. */
export function redactUrls(text: string): string {
  return text
    .replace(USER_INFO, `$1${REDACTED_PART}@`)
    .replace(QUERY_ITEM, (item, before: string, first: string, equals: string, value: string) => {
      if (equals === '') return first === '' ? item : `${before}${REDACTED_PART}`;
      return value === '' || isHarmless(decoded(first)) ? item : `${before}${first}=${REDACTED_PART}`;
    });
}

function isHarmless(name: string): boolean {
  return HARMLESS_ITEMS.has(name.toLowerCase());
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
