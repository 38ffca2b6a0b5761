/** Why a 2xx response is no success. Stable: results are counted by it. */
export type ResponseFailureType =
  /** It does not follow the protocol. */
  | 'malformed_response'
  /** The server reports an error in it. */
  | 'server_error'
  /** The server gave the request up. */
  | 'aborted'
  /** It ended before its own end. */
  | 'stream_truncated'
  /** It ended properly and holds nothing at all, not even a finish reason. */
  | 'empty_answer'
  /** It is too large beside all others, see `response-memory.ts`. */
  | 'response_memory_exhausted';

/** The endpoint answered 2xx with something that is no success. Data, not a crash: becomes the sample's ERROR. */
export class ResponseFormatError extends Error {
  readonly errorType: ResponseFailureType;
  constructor(errorType: ResponseFailureType, message: string) {
    super(message);
    this.name = 'ResponseFormatError';
    this.errorType = errorType;
  }
}
