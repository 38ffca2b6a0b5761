import { redactUrls } from '../core/redact-url.ts';

/** That a value can't be used: where it was given, what is allowed in words behind "must be", and what was given, unless it may be a secret. */
export function unfit(where: string, allowed: string, given: unknown, isSecret?: boolean): string {
  return `${where} must be ${allowed} (got ${shown(given, isSecret)})`;
}

const LONGEST_SHOWN = 100;

/** A value as a message shows it. */
function shown(value: unknown, isSecret = false): string {
  if (isSecret && value !== '') return 'something else, not shown: it may be a secret';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(safeUrls(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A path or a URL may have a secret in its query, and one that is malformed may end anywhere. */
function safeUrls(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^[\w+.-]*:?\/.*\?/s.test(value) ? value.replace(/\?.*$/s, '?…') : redactUrls(value);
}
