import { CANCELLED_BY_PLAN_ERROR_TYPE, CANCELLED_ERROR_TYPE } from '../core/event-types.ts';
import type { ErrorData } from '../core/model-output.ts';
import { redactUrls } from '../core/redact-url.ts';
import { HttpParseError } from '../protocol/http-response.ts';
import { ResponseFormatError } from '../protocol/adapter.ts';
import { jsonObjectIn } from '../protocol/json.ts';
import { errorMessage } from '../protocol/openai-reply.ts';

/** Characters of a response body that an error message shows. */
const SHOWN_CHARACTERS = 200;
/** Characters of a message: each failed sample keeps its own. */
const MAX_MESSAGE_CHARACTERS = 500;
/** Bytes of the body that are enough to find its message in. */
export const SHOWN_BYTES = 16 * SHOWN_CHARACTERS;

export const CANCELLED: ErrorData = {
  errorType: CANCELLED_ERROR_TYPE,
  errorMessage: 'cancelled by the run',
};

/** As a user does who stops waiting: --cancel. */
export const CANCELLED_BY_PLAN: ErrorData = {
  errorType: CANCELLED_BY_PLAN_ERROR_TYPE,
  errorMessage: 'cancelled by plan (--cancel)',
};

/** A turn behind one that failed: it was never sent. `TurnAbortedByPriorFailure` of MLCommons endpoints. */
export const TURN_ABORTED: ErrorData = {
  errorType: 'turn_aborted',
  errorMessage: 'not sent: a turn before it in its conversation failed (--on-turn-failure fail)',
};

/** What nginx, Go, Apache and others say to plain HTTP on a port for TLS. */
const WANTS_HTTPS = /plain http request|http request to an https server|speaking plain http/i;

/** Why an attempt failed, and what the server says about another one. */
export interface Failure extends ErrorData {
  /** The header, as it was sent. */
  readonly retryAfter?: string | undefined;
}

/** No complete answer in time. */
export function timedOut(timeoutMs: number): ErrorData {
  return {
    errorType: 'timeout',
    errorMessage: `waiting for the response took more than ${timeoutMs} ms`,
  };
}

/** What the head of a failed response says beside its status. */
export interface StatusDetails {
  readonly retryAfter?: string | undefined;
  readonly location?: string | undefined;
  /** What was requested, without its query: `POST /v1/completions`. */
  readonly target?: string | undefined;
}

/** A server says so to a path, or a method, that it doesn't have. */
const WRONG_TARGET: ReadonlySet<number> = new Set([404, 405]);

/** A status other than 2xx, with the message in its body, or how that begins. */
export function httpStatusFailure(
  status: number,
  body: Uint8Array,
  { retryAfter, location, target }: StatusDetails = {},
): Failure {
  const details = [
    ...(target !== undefined && WRONG_TARGET.has(status) ? [target] : []),
    ...(location === undefined ? [] : [`to ${redactUrls(location)}`]),
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
  ];
  const title = `HTTP ${status}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
  const found = jsonObjectIn(body, 0, body.length);
  const text = found === undefined ? new TextDecoder().decode(body).trim() : errorMessage(found);
  const said = text === '' ? title : `${title}: ${text.slice(0, SHOWN_CHARACTERS)}`;
  const message = status === 400 && WANTS_HTTPS.test(text) ? `${said}; use https:// in --endpoint` : said;
  const failure = { errorType: `http_${status}`, errorMessage: printable(message) };
  return retryAfter === undefined ? failure : { ...failure, retryAfter };
}

/** An established connection that broke. */
export function brokenConnection(error: Error): ErrorData {
  return { errorType: 'connection_reset', errorMessage: error.message };
}

export const CLOSED_UNANSWERED: ErrorData = {
  errorType: 'connection_reset',
  errorMessage: 'the server closed the connection without answering',
};

export const ANSWERED_IN_TLS: ErrorData = {
  errorType: 'malformed_response',
  errorMessage: 'the server answered in TLS, not in plain HTTP: use https:// in --endpoint',
};

export const BODY_TRUNCATED: ErrorData = {
  errorType: 'stream_truncated',
  errorMessage: 'the connection was closed in the middle of the response',
};

/** What the response held can't be read. */
export function unreadableResponse(error: unknown): ErrorData {
  if (error instanceof ResponseFormatError) {
    return { errorType: error.errorType, errorMessage: printable(error.message) };
  }
  if (error instanceof HttpParseError)
    return { errorType: 'malformed_response', errorMessage: printable(error.message) };
  throw error;
}

/** What a server says, cut short, and without what would move the cursor of a terminal. */
function printable(message: string): string {
  const start = message.slice(0, MAX_MESSAGE_CHARACTERS);
  const text = start.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return message.length > MAX_MESSAGE_CHARACTERS ? `${text}…` : text;
}
