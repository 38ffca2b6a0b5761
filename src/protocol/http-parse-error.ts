/** The peer does not speak HTTP/1.x, or speaks a part of it that we refuse. The connection can't be used again. */
export class HttpParseError extends Error {
  constructor(reason: string) {
    super(`invalid HTTP response: ${reason}`);
    this.name = 'HttpParseError';
  }
}
