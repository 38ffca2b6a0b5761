import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What a request is answered with; `hold`: never. */
export type Answer = 'ok' | 'err' | 'hold';

export interface ReceivedRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly messages: readonly unknown[] };
}

/** So long after the last request arrived, the oldest is answered: by then a client has sent what it would send. */
const QUIET_MS = 60;

/** A chat completions endpoint that answers one request at a time, in the order they came, once no other comes. */
export class PatientEndpoint {
  readonly requests: ReceivedRequest[] = [];
  readonly #answerOf: (request: number) => Answer;
  readonly #server: Server;
  readonly #open: { readonly number: number; readonly response: ServerResponse }[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(answerOf: (request: number) => Answer) {
    this.#answerOf = answerOf;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(answerOf: (request: number) => Answer): Promise<PatientEndpoint> {
    const endpoint = new PatientEndpoint(answerOf);
    endpoint.#server.listen(0, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as ReceivedRequest['body'];
    this.#open.push({ number: this.requests.length, response });
    this.requests.push({ headers: request.headers, body });
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#answerOldest(), QUIET_MS);
  }

  #answerOldest(): void {
    const oldest = this.#open.shift();
    if (oldest === undefined) return;
    const answer = this.#answerOf(oldest.number);
    if (answer === 'err') oldest.response.writeHead(500).end('no');
    else if (answer === 'ok')
      oldest.response.writeHead(200, { 'content-type': 'application/json' }).end(RESPONSE);
    this.#wait();
  }
}

const RESPONSE = JSON.stringify({
  id: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
});
