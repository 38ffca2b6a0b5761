import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { RunClock } from '../core/time.ts';
import type { Reply } from './reply.ts';

/** The response to one request over HTTP/2. */
export class StreamReply implements Reply {
  onAbort: () => void = () => undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #clock: RunClock;
  readonly #writeBytes: number;
  #isOpen = true;
  #beganNs = 0;
  #writtenNs = 0;

  /** `writeBytes`: most bytes of a write. */
  constructor(stream: ServerHttp2Stream, clock: RunClock, writeBytes = Infinity) {
    this.#stream = stream;
    this.#clock = clock;
    this.#writeBytes = writeBytes;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get beganNs(): number {
    return this.#beganNs;
  }

  get writtenNs(): number {
    return this.#writtenNs;
  }

  sendWhole(status: number, body: string, contentType = 'application/json'): number {
    this.#head(status, contentType, { 'content-length': String(body.length) });
    return this.#end(body);
  }

  sendHalf(status: number, body: string): number {
    this.#head(status, 'application/json', { 'content-length': String(body.length) });
    return this.#write(body.slice(0, body.length >> 1));
  }

  sendMessages(messages: readonly string[], contentType: string): number {
    this.#head(200, contentType, { 'cache-control': 'no-cache' });
    return this.#write(messages.join(''));
  }

  endMessages(messages: readonly string[], contentType: string): number {
    this.#head(200, contentType, { 'cache-control': 'no-cache' });
    return this.#end(messages.join(''));
  }

  async sendPieces(
    pieces: Iterable<string>,
    contentType: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.#head(200, contentType, headers);
    for (const piece of pieces) {
      if (!this.#isOpen) return;
      this.#write(piece);
      if (this.#stream.writableNeedDrain) {
        await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]).catch(() => undefined);
      }
    }
    this.#end('');
  }

  cut(): number {
    return this.reset();
  }

  reset(): number {
    const atNs = this.#clock.nowNs();
    this.#isOpen = false;
    // A close would end the response in order first.
    this.#stream.destroy(new Error('mock server failure'));
    return atNs;
  }

  /** For the stream: the client has gone. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onAbort();
  }

  #head(status: number, contentType: string, headers: Readonly<Record<string, string>>): void {
    if (!this.#isOpen || this.#stream.headersSent) return;
    this.#stream.respond({ ':status': status, 'content-type': contentType, ...headers });
  }

  /** In pieces, the time is that of the last one: what is in the text can't be read before. */
  #write(text: string): number {
    let at = 0;
    const beganNs = this.#clock.nowNs();
    for (; text.length - at > this.#writeBytes; at += this.#writeBytes) {
      if (this.#isOpen) this.#stream.write(text.slice(at, at + this.#writeBytes), 'latin1');
    }
    const atNs = at === 0 ? beganNs : this.#clock.nowNs();
    if (this.#isOpen && text.length > at) this.#stream.write(text.slice(at), 'latin1');
    this.#beganNs = beganNs;
    this.#writtenNs = this.#clock.nowNs();
    return atNs;
  }

  #end(text: string): number {
    const atNs = this.#write(text);
    if (this.#isOpen) this.#stream.end();
    this.#isOpen = false;
    return atNs;
  }
}
