import type { ErrorData } from '../core/model-output.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import type { TlsSettings } from './settings.ts';

/** The server answers plain HTTP on a port that is to speak TLS. */
export class PlainHttpError extends Error {
  constructor() {
    super('the server answers plain HTTP on this port');
    this.name = 'PlainHttpError';
  }
}

/** What Node tells of a failed handshake. */
interface TlsError extends Error {
  readonly code?: string;
  /** What OpenSSL says, without where in its source it says so. */
  readonly reason?: string;
  /** Whose names don't fit. */
  readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: string } };
}

const SELF_SIGNED: ReadonlySet<string> = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT']);
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const NO_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_RECORD_LAYER_FAILURE',
]);
/** Alerts about the certificate of a client. */
const CLIENT_CERTIFICATE_WANTED = /alert (?:certificate required|handshake failure)/;
const CLIENT_CERTIFICATE_REFUSED =
  /alert (?:unknown ca|bad certificate|certificate (?:expired|revoked|unknown)|unsupported certificate|access denied|decrypt error)/;
const UNKNOWN_NAME = /unrecognized name/;
const NO_PROTOCOL = /no application protocol/;

/** Whether a server refused a handshake since it speaks none of the protocols that were offered. */
export function isProtocolRefused(error: Error): boolean {
  return NO_PROTOCOL.test((error as TlsError).reason ?? error.message);
}

/** Whether an established connection broke because of what TLS said on it. */
export function isTlsError(error: Error): boolean {
  return (error as TlsError).code?.startsWith('ERR_SSL_') === true;
}

/** A handshake with `endpoint` that failed: what happened, and the flag or the change that helps. */
export function tlsFailure(error: Error, endpoint: Endpoint, tls: TlsSettings): ErrorData {
  const told = error as TlsError;
  return { errorType: 'tls_failed', errorMessage: messageOf(told, endpoint, tls) };
}

function messageOf(error: TlsError, endpoint: Endpoint, tls: TlsSettings): string {
  const { code = '' } = error;
  const said = error.reason ?? error.message;
  const skip = 'skip the check with --insecure';
  if (error instanceof PlainHttpError || NO_TLS.has(code)) {
    const http = endpoint.url.replace(/^https:/, 'http:');
    return `the server does not speak TLS on this port: use --endpoint ${http} (${code || 'it answers plain HTTP'})`;
  }
  if (SELF_SIGNED.has(code)) {
    return `the server's certificate is signed by itself: trust it with --ca FILE, or ${skip} (${code})`;
  }
  if (UNKNOWN_AUTHORITY.has(code)) {
    const unknown =
      tls.ca === undefined
        ? 'is from an authority that is not trusted here: name the authority with --ca FILE'
        : 'is not from an authority in the file of --ca: name another';
    return `the server's certificate ${unknown}, or ${skip} (${code})`;
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return `the server's certificate has expired: renew it, or ${skip} (${code})`;
  }
  if (code === 'CERT_NOT_YET_VALID') {
    return `the server's certificate is not valid yet: check the clocks of both machines, or ${skip} (${code})`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = error.cert?.subjectaltname ?? error.cert?.subject?.CN ?? 'another name';
    const wanted = tls.serverName ?? endpoint.hostname;
    return `the server's certificate is for ${names}, not for ${wanted}: give its name with --server-name, or ${skip} (${code})`;
  }
  if (CLIENT_CERTIFICATE_WANTED.test(said) && tls.cert === undefined) {
    return `the server ended the handshake; it may require a client certificate: --cert FILE and --key FILE (${said})`;
  }
  if (CLIENT_CERTIFICATE_REFUSED.test(said) && tls.cert !== undefined) {
    return `the server does not accept the certificate of --cert (${said})`;
  }
  if (UNKNOWN_NAME.test(said)) {
    const name = tls.serverName ?? endpoint.hostname;
    return `the server has no certificate for ${name}: give another name with --server-name (${said})`;
  }
  if (NO_PROTOCOL.test(said)) {
    return 'the server does not offer HTTP/1.1 in its TLS handshake (no "http/1.1" in ALPN): use --http 2';
  }
  return code === 'ECONNRESET' ? `the server closed the connection during the TLS handshake` : said;
}
