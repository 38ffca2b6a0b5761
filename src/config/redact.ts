import type { RunConfig } from './schema.ts';

export const REDACTED = '<redacted>';

const SECRET_NAME =
  /(^|[-_])(api[-_]?key|key|token|password|passwd|secret|authorization|cookie|credential)s?$|secret|password/i;

/** Names of query items that services use for secrets, besides those above. */
const SECRET_QUERY_NAME = /^(?:code|sig|signature|sas)$/i;
/** What stands for a secret in a URL. */
const REDACTED_PART = 'redacted';

/**
 * The configuration as it may be written to a file: values of secret-looking keys and headers, user info and secret
 * query items of URLs are replaced. Keys that only look the part but hold a number (`max_output_tokens`) stay.
 */
export function redactConfig(config: RunConfig): unknown {
  return redactValue(config, '');
}

function redactValue(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(item, name)]));
  }
  if (typeof value !== 'string') return value;
  if (SECRET_NAME.test(key)) return REDACTED;
  if (key === 'path') return redactQuery(value);
  return URL.canParse(value) && value.includes('://') ? redactUrl(value) : value;
}

/**
 * The secrets of a configuration as a server may quote them: the key, the parts of the values of secret-looking headers and query
 * items, and texts under such names in the extra fields.
 */
export function secretsOf({ client, endpoints, path, extra }: RunConfig): readonly string[] {
  const headers = Object.entries(client.headers).flatMap(([name, value]) => {
    return SECRET_NAME.test(name) ? value.split(/[\s;,]+/) : [];
  });
  const items = [...endpoints, path ?? ''].flatMap((text) => queryItems(text).filter(isSecretItem));
  const queries = items.flatMap(({ value }) => [value, decoded(value)]);
  const key = client.api_key === undefined ? [] : [client.api_key];
  const all = [...key, ...headers, ...queries, ...secretTexts(extra, '')];
  return [...new Set(all)].filter((secret) => secret !== '');
}

/** A URL without its user info and with the values of secret query items replaced; otherwise as it was. */
export function redactUrl(text: string): string {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return redactQuery(text);
  if (url.username !== '') url.username = REDACTED_PART;
  if (url.password !== '') url.password = REDACTED_PART;
  return redactQuery(url.href);
}

/** Whether a value, or a part of a URL, is what redacting left. */
export function isRedacted(text: string): boolean {
  return (
    text === REDACTED || queryItems(text).some((item) => isSecretItem(item) && item.value === REDACTED_PART)
  );
}

interface QueryItem {
  readonly name: string;
  readonly value: string;
}

const QUERY_ITEM = /([?&])([^=&#]*)=([^&#]*)/g;

function queryItems(text: string): readonly QueryItem[] {
  return Array.from(text.matchAll(QUERY_ITEM), ([, , name, value]) => ({
    name: decoded(name!),
    value: value!,
  }));
}

function redactQuery(text: string): string {
  return text.replace(QUERY_ITEM, (item, before: string, name: string, value: string) => {
    return isSecretItem({ name: decoded(name), value }) ? `${before}${name}=${REDACTED_PART}` : item;
  });
}

function isSecretItem({ name }: QueryItem): boolean {
  return SECRET_NAME.test(name) || SECRET_QUERY_NAME.test(name);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function secretTexts(value: unknown, key: string): readonly string[] {
  if (typeof value === 'string') return SECRET_NAME.test(key) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    secretTexts(item, Array.isArray(value) ? key : name),
  );
}
