import { decoded, REDACTED_PART, redactUrls, secretItems } from '../core/redact-url.ts';
import { basicCredentials, decodedPart, NO_PROXY } from '../protocol/proxy.ts';
import type { RunConfig } from './schema.ts';

export const REDACTED = '<redacted>';

const SECRET_NAME =
  /(^|[-_])(api[-_]?key|key|token|password|passwd|secret|authorization|cookie|credential)s?$|secret|password/i;

/** Headers whose values are worth showing, and are no secrets; the value of any other may be one. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'content-type'],
  ...['host', 'user-agent', 'traceparent', 'tracestate', 'x-request-id', 'x-correlation-id'],
]);

/** Keys of paths and URLs, which may have a secret in their query. */
const URL_KEYS: ReadonlySet<string> = new Set(['endpoints', 'path']);

/** Shorter values are masked only where their name says that they are secret: `on` is found in any text. */
const TELLING_LENGTH = 8;

/** A secret of a configuration, and where it was given. */
export interface Secret {
  /** Such as `--api-key` or `header X-Api-Key`. */
  readonly where: string;
  readonly text: string;
}

/**
 * The configuration as it may be written to a file: values of secret-looking keys, of headers and of query items are replaced but for
 * those known to be harmless, and user info of URLs. Keys that only look the part but hold a number (`max_output_tokens`) stay.
 */
export function redactConfig(config: RunConfig): unknown {
  return redactValue(config, '', '');
}

function redactValue(value: unknown, key: string, parent: string): unknown {
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key, parent));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, redactValue(item, name, key)]),
    );
  }
  if (typeof value !== 'string') return value;
  if (parent === 'headers') return isHarmlessHeader(key) ? value : REDACTED;
  if (SECRET_NAME.test(key)) return REDACTED;
  return URL_KEYS.has(key) || value.includes('://') ? redactUrls(value) : value;
}

/**
 * The secrets of a configuration as a server may quote them: the key, the parts of the values of headers and query items but for those
 * known to be harmless, and texts under secret-looking names in the extra fields.
 */
export function secretsOf({ client, endpoints, path, extra }: RunConfig): readonly Secret[] {
  const key = client.api_key === undefined ? [] : [{ where: '--api-key', text: client.api_key }];
  const headers = Object.entries(client.headers).flatMap(([name, value]) => {
    if (isHarmlessHeader(name)) return [];
    return partsOfHeader(value)
      .filter((text) => text.length >= TELLING_LENGTH || SECRET_NAME.test(name))
      .map((text) => ({ where: `header ${name}`, text }));
  });
  const queries = [...endpoints, path ?? ''].flatMap((text) =>
    secretItems(text).flatMap(({ name, value }) =>
      [value, decoded(value)]
        .filter((part) => part.length >= TELLING_LENGTH || name === '' || isSecretItem(name))
        .map((part) => ({ where: `query item ${name}`, text: part })),
    ),
  );
  const proxies = (client.proxies ?? []).flatMap(secretsOfProxy).map((text) => ({ where: '--proxy', text }));
  const extras = secretTexts(extra, '').map((text) => ({ where: '--extra', text }));
  const byText = new Map<string, Secret>();
  for (const secret of [...key, ...headers, ...queries, ...proxies, ...extras]) {
    if (secret.text !== '' && !byText.has(secret.text)) byText.set(secret.text, secret);
  }
  return [...byText.values()];
}

/** The password as it was given and as it is sent. */
function secretsOfProxy(proxy: string): readonly string[] {
  const password = proxy === NO_PROXY ? '' : new URL(proxy).password;
  return password === '' ? [] : [password, decodedPart(password), basicCredentials(proxy)];
}

const REDACTED_USER = new RegExp(`^[a-z]+://${REDACTED_PART}@`);

/** Whether a value, or a part of a URL, is what redacting left. */
export function isRedacted(text: string): boolean {
  if (text === REDACTED || REDACTED_USER.test(text)) return true;
  return secretItems(text).some(({ value }) => value === REDACTED_PART);
}

/** Names of query items that services use for secrets, besides those of other secrets. */
const SECRET_QUERY_NAME = /^(?:code|sig|signature|sas)$/i;

function isSecretItem(name: string): boolean {
  return SECRET_NAME.test(name) || SECRET_QUERY_NAME.test(name);
}

function isHarmlessHeader(name: string): boolean {
  return HARMLESS_HEADERS.has(name.toLowerCase());
}

/** The words of a value, without the scheme of an Authorization, with what stands behind a name, and with what Basic encodes. */
function partsOfHeader(value: string): readonly string[] {
  const words = value.split(/[\s;,]+/).filter((word) => word !== '');
  const [scheme, credentials] = words;
  const isScheme = credentials !== undefined && /^(?:basic|bearer|digest|token|apikey|key)$/i.test(scheme!);
  const secrets = isScheme ? words.slice(1) : words;
  const behindNames = secrets.flatMap((word) => /^[\w.-]+=(.*[^=].*)$/.exec(word)?.[1] ?? []);
  const basic = isScheme && /^basic$/i.test(scheme!) ? Buffer.from(credentials, 'base64').toString() : '';
  const password = basic.slice(basic.indexOf(':') + 1);
  return [...new Set([...secrets, ...behindNames, basic, password])].filter((part) => part !== '');
}

function secretTexts(value: unknown, key: string): readonly string[] {
  if (typeof value === 'string') return SECRET_NAME.test(key) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    secretTexts(item, Array.isArray(value) ? key : name),
  );
}
