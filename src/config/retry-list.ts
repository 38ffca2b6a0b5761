/** Failures that a user's client may try again, beside statuses. */
const TYPES = [
  'connection_refused',
  'connect_failed',
  'connect_timeout',
  'connection_reset',
  'timeout',
  'stream_truncated',
  'malformed_response',
] as const;

export const RETRY_ALLOWED = `statuses such as 429, classes such as 5xx, or failures (${TYPES.join(', ')})`;
/** More only hide that a server is down. */
export const MAX_RETRIES = 100;

/** A status other than success, a class of them, or a type of failure. */
export function isRetryable(given: string): boolean {
  return /^[345]\d\d$|^[345]xx$/.test(given) || (TYPES as readonly string[]).includes(given);
}
