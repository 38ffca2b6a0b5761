import type { RunConfig } from './schema.ts';

export const REDACTED = '<redacted>';

const SECRET_NAME =
  /(^|[-_])(api[-_]?key|key|token|password|passwd|secret|authorization|cookie|credential)s?$|secret|password/i;

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
  return URL.canParse(value) && value.includes('://') ? redactUrl(value) : value;
}

/** The secrets of a configuration as a server may quote them: the key, and the parts of the values of secret-looking headers. */
export function secretsOf({ client }: RunConfig): readonly string[] {
  const headers = Object.entries(client.headers).flatMap(([name, value]) => {
    return SECRET_NAME.test(name) ? value.split(/[\s;,]+/) : [];
  });
  return [...(client.api_key === undefined ? [] : [client.api_key]), ...headers].filter(
    (secret) => secret !== '',
  );
}

/** A URL without its user info and with the values of secret query items replaced; otherwise as it was. */
export function redactUrl(text: string): string {
  const url = new URL(text);
  const secretItems = [...url.searchParams.keys()].filter((name) => SECRET_NAME.test(name));
  if (url.username === '' && url.password === '' && secretItems.length === 0) return text;
  if (url.username !== '') url.username = 'redacted';
  if (url.password !== '') url.password = 'redacted';
  for (const name of secretItems) url.searchParams.set(name, 'redacted');
  return url.href;
}
