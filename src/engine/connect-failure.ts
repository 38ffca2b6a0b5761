import { errorText } from '../core/errors.ts';
import type { ErrorData } from '../core/model-output.ts';
import type { Endpoint } from '../protocol/endpoint.ts';

/** How far a connection had come when it failed. */
export type ConnectStage = 'tcp' | 'tls';

/** Type of a failure of this machine's own. */
export const CLIENT_LIMIT = 'client_limit';

/** This machine has no descriptor, no port or no memory for another socket. */
const CLIENT_LIMITS: ReadonlySet<string | undefined> = new Set([
  'EMFILE',
  'ENFILE',
  'EADDRNOTAVAIL',
  'ENOBUFS',
]);

/** What to do about a Unix socket that can't be connected to, by the code of the error. */
const UNIX_SOCKET_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the server running, and is this the path it was given?',
  ECONNREFUSED: 'no server listens on it; one that has ended may have left it behind',
  EACCES: 'this user may not connect to it; connecting takes write permission',
  EAGAIN: "the server's queue of new connections is full",
};

/** No connection, or no TLS on it, in time. */
export function connectTimedOut(timeoutMs: number): ErrorData {
  return { errorType: 'connect_timeout', errorMessage: `connecting took more than ${timeoutMs} ms` };
}

/** A TCP or Unix connection to `endpoint` that could not be established: what the system says of it, and what may help. */
export function connectFailure(error: Error, endpoint: Endpoint): ErrorData {
  const errorMessage = describe(error);
  if (endpoint.socketPath !== undefined) return socketFailure(error);
  if (codeOf(error) === 'ECONNREFUSED') return { errorType: 'connection_refused', errorMessage };
  // An attempt on several addresses is limited by us when each of them is: an address family may just not be there.
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return { errorType: errors.every(isClientLimit) ? CLIENT_LIMIT : 'connect_failed', errorMessage };
}

function socketFailure(error: Error): ErrorData {
  const code = codeOf(error) ?? '';
  const advice = UNIX_SOCKET_ADVICE[code];
  const errorMessage = advice === undefined ? error.message : `${error.message}: ${advice}`;
  if (isClientLimit(error)) return { errorType: CLIENT_LIMIT, errorMessage };
  return { errorType: code === 'ECONNREFUSED' ? 'connection_refused' : 'connect_failed', errorMessage };
}

function isClientLimit(error: Error): boolean {
  return CLIENT_LIMITS.has(codeOf(error));
}

function codeOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** An attempt on several addresses fails with an error for each address and no message of its own. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('; ');
  return error.message;
}
