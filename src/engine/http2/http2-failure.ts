import type { ErrorData } from '../../core/model-output.ts';
import { brokenConnection } from '../failure.ts';

/** By their codes (RFC 9113 §7). */
const CODE_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

/** Type of the failure to speak HTTP/2 with a server at all. */
export const HTTP2_UNSUPPORTED = 'http2_unsupported';
const USE_HTTP_1 = 'use --http 1';

/** The server answered the beginning of HTTP/2 with something else. */
export const NOT_HTTP2: ErrorData = {
  errorType: HTTP2_UNSUPPORTED,
  errorMessage: `the server does not speak HTTP/2 on this port: ${USE_HTTP_1}`,
};

/** The TLS handshake settled on another protocol, or on none. */
export const NO_H2_IN_ALPN: ErrorData = {
  errorType: HTTP2_UNSUPPORTED,
  errorMessage: `the server does not offer HTTP/2 in its TLS handshake (no "h2" in ALPN): ${USE_HTTP_1}`,
};

/** The server closed the connection before it had sent its settings. */
export const CLOSED_WITHOUT_SETTINGS: ErrorData = {
  errorType: 'connection_reset',
  errorMessage: `the server closed the connection before it spoke HTTP/2; if it speaks HTTP/1.1 only, ${USE_HTTP_1}`,
};

/** A connection that stands, on which the settings did not come in time. */
export function settingsTimedOut(timeoutMs: number): ErrorData {
  return {
    errorType: 'connect_timeout',
    errorMessage: `the server sent no settings of HTTP/2 within ${timeoutMs} ms; if it speaks HTTP/1.1 only, ${USE_HTTP_1}`,
  };
}

/** A stream that was closed with an error code: by the server, or by our side of the protocol for what the server sent. */
export function streamReset(code: number): ErrorData {
  return codeFailure(code, 'the stream of the request was reset (RST_STREAM with');
}

/** The server ended the whole session with an error code. */
export function sessionEnded(code: number): ErrorData {
  return codeFailure(code, 'the server ended the HTTP/2 session (GOAWAY with');
}

/** Why a session that stood broke: what came is no HTTP/2, or the connection below it failed. */
export function sessionBroke(error: Error): ErrorData {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_HTTP2_ERROR') return brokenConnection(error);
  return {
    errorType: 'malformed_response',
    errorMessage: `the server sent what HTTP/2 does not allow: ${error.message}`,
  };
}

function codeFailure(code: number, what: string): ErrorData {
  const name = CODE_NAMES[code];
  const advice = name === 'HTTP_1_1_REQUIRED' ? `: ${USE_HTTP_1}` : '';
  return {
    errorType: `http2_${name === undefined ? `code_${code}` : name.toLowerCase()}`,
    errorMessage: `${what} ${name ?? 'the code'}${name === undefined ? ` ${code}` : `, code ${code}`})${advice}`,
  };
}
