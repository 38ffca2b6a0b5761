import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { RunClock } from '../core/time.ts';
import type { HttpRequest } from './http-request-reader.ts';
import type { Reply } from './reply.ts';

const LAST_CHUNK = '0\r\n\r\n';

/** The response to one request over HTTP/1.1. */
export class SocketReply implements Reply {
  onAbort: () => void = () => undefined;
  readonly #socket: Socket;
  readonly #clock: RunClock;
  readonly #isOld: boolean;
  readonly #keepAlive: boolean;
  readonly #onEnd: () => void;
  readonly #writeBytes: number;
  #isOpen = true;
  #beganNs = 0;
  #writtenNs = 0;
  #streaming = false;

  /** `onEnd`: the connection may take the next request. `writeBytes`: most bytes of a write. */
  constructor(
    socket: Socket,
    clock: RunClock,
    request: Pick<HttpRequest, 'isOld' | 'keepAlive'>,
    onEnd: () => void,
    writeBytes = Infinity,
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#isOld = request.isOld;
    this.#keepAlive = request.keepAlive;
    this.#onEnd = onEnd;
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
    const atNs = this.#write(this.#wholeHead(status, body.length, contentType) + body);
    this.#end();
    return atNs;
  }

  sendHalf(status: number, body: string): number {
    const half = body.slice(0, body.length >> 1);
    return this.#write(this.#wholeHead(status, body.length, 'application/json') + half);
  }

  sendMessages(messages: readonly string[], contentType: string): number {
    return this.#write(this.#streamHead(contentType) + this.#chunks(messages));
  }

  endMessages(messages: readonly string[], contentType: string): number {
    const end = this.#isOld ? '' : LAST_CHUNK;
    const atNs = this.#write(this.#streamHead(contentType) + this.#chunks(messages) + end);
    this.#end();
    return atNs;
  }

  async sendPieces(
    pieces: Iterable<string>,
    contentType: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#write(this.#streamHead(contentType, lines.join('')));
    for (const piece of pieces) {
      if (!this.#isOpen) return;
      this.#write(this.#chunks([piece]));
      if (this.#socket.writableNeedDrain) await this.#drained();
    }
    if (!this.#isOld) this.#write(LAST_CHUNK);
    this.#end();
  }

  /** Closes the connection behind what was written. */
  cut(): number {
    const atNs = this.#clock.nowNs();
    this.#isOpen = false;
    this.#socket.destroySoon();
    return atNs;
  }

  /** Resets the connection: the client gets ECONNRESET. */
  reset(): number {
    const atNs = this.#clock.nowNs();
    this.#isOpen = false;
    this.#socket.resetAndDestroy();
    return atNs;
  }

  /** For the connection: the client has gone. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onAbort();
  }

  /** In pieces, the time is that of the last one: what is in the text can't be read before. */
  #write(text: string): number {
    let at = 0;
    const beganNs = this.#clock.nowNs();
    for (; text.length - at > this.#writeBytes; at += this.#writeBytes) {
      if (this.#isOpen) this.#socket.write(text.slice(at, at + this.#writeBytes), 'latin1');
    }
    const rest = at === 0 ? text : text.slice(at);
    const atNs = at === 0 ? beganNs : this.#clock.nowNs();
    if (this.#isOpen) this.#socket.write(rest, 'latin1');
    this.#beganNs = beganNs;
    this.#writtenNs = this.#clock.nowNs();
    return atNs;
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const closes = !this.#keepAlive || (this.#streaming && this.#isOld);
    if (closes) this.#socket.destroySoon();
    else this.#onEnd();
  }

  #wholeHead(status: number, length: number, contentType: string): string {
    const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
    return `${statusLine}Content-Type: ${contentType}\r\nContent-Length: ${length}\r\n${this.#connectionHeader()}\r\n`;
  }

  #streamHead(contentType: string, headers = ''): string {
    if (this.#streaming) return '';
    this.#streaming = true;
    const framing = this.#isOld ? '' : 'Transfer-Encoding: chunked\r\n';
    return `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nCache-Control: no-cache\r\n${headers}${framing}${this.#connectionHeader()}\r\n`;
  }

  #connectionHeader(): string {
    if (!this.#keepAlive) return 'Connection: close\r\n';
    return this.#isOld ? 'Connection: keep-alive\r\n' : '';
  }

  #chunks(pieces: readonly string[]): string {
    if (this.#isOld) return pieces.join('');
    let text = '';
    for (const piece of pieces) text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    return text;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const onChange = () => {
        this.#socket.off('drain', onChange).off('close', onChange);
        resolve();
      };
      this.#socket.on('drain', onChange).on('close', onChange);
    });
  }
}
