import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * One thing the endpoint does for a request: a chunk (`first`, `next`), the end of a good or a failed answer (`ok`, `err`), nothing
 * until it is released (`hold`), the end of the connection (`close`). A `ghost`, an answer nobody asked for, has no
 * connection to arrive on: nothing happens.
 */
export type Step = 'first' | 'next' | 'ok' | 'err' | 'hold' | 'ghost' | 'close';

export interface EndpointScript {
  /** What happens to request number `issue`, in order. After a `hold` that ends the list comes `ok`. */
  stepsOf(issue: number): readonly Step[];
  /** Which number the next request for a dataset row has; by default they are numbered as they arrive. */
  issueOf?(row: number): number;
  /** When one of these begins to be answered, all that is held is released. */
  readonly releaseAfter?: readonly number[];
  /** An answer has ended in any way; called before the client can know. */
  onAnswered?(issue: number): void;
}

interface Exchange {
  readonly issue: number;
  readonly response: ServerResponse;
}

/** A chat completions endpoint that does what a script says. */
export class ScriptedEndpoint {
  /** The dataset rows asked for, in order of arrival. */
  readonly rows: number[] = [];
  /** The most requests that were unanswered at once. */
  mostInFlight = 0;
  readonly #script: EndpointScript;
  readonly #server: Server;
  readonly #held: (Exchange & { readonly steps: readonly Step[] })[] = [];
  readonly #paused: Exchange[] = [];
  #isPaused = false;
  #inFlight = 0;

  private constructor(script: EndpointScript) {
    this.#script = script;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(script: EndpointScript): Promise<ScriptedEndpoint> {
    const endpoint = new ScriptedEndpoint(script);
    endpoint.#server.listen(0, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests held now. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Goes on with all that is held. */
  release(): void {
    for (const { issue, response, steps } of this.#held.splice(0)) {
      this.#play(issue, response, steps.length > 0 ? steps : ['ok']);
    }
  }

  /** Begins no further answer until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const exchange of this.#paused.splice(0)) this.#begin(exchange);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const row = rowOf(await text(request));
    const issue = this.#script.issueOf?.(row) ?? this.rows.length;
    this.rows.push(row);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight);
    if (this.#isPaused) this.#paused.push({ issue, response });
    else this.#begin({ issue, response });
  }

  #begin({ issue, response }: Exchange): void {
    if (this.#script.releaseAfter?.includes(issue)) this.release();
    this.#play(issue, response, this.#script.stepsOf(issue));
  }

  #play(issue: number, response: ServerResponse, steps: readonly Step[]): void {
    for (const [position, step] of steps.entries()) {
      switch (step) {
        case 'first':
        case 'next':
          if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(frame({ delta: { content: `${step} ` }, finish_reason: null }));
          break;
        case 'ghost':
          break;
        case 'hold':
          this.#held.push({ issue, response, steps: steps.slice(position + 1) });
          return;
        case 'ok':
        case 'err':
        case 'close':
          this.#inFlight -= 1;
          this.#script.onAnswered?.(issue);
          this.#end(response, step);
          return;
      }
    }
  }

  #end(response: ServerResponse, step: 'ok' | 'err' | 'close'): void {
    if (step === 'close') response.socket?.end();
    else if (response.headersSent) response.end(step === 'ok' ? LAST_FRAMES : ERROR_FRAME);
    else if (step === 'ok') response.writeHead(200, { 'content-type': 'application/json' }).end(WHOLE_ANSWER);
    else response.writeHead(500).end('no');
  }
}

/** The dataset behind a scripted endpoint: each row says its number. */
export function numberedRows(count: number): readonly Record<string, unknown>[] {
  return Array.from({ length: count }, (_, row) => ({ prompt: String(row) }));
}

function rowOf(body: string): number {
  const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly content: string }[] };
  return Number(messages[0]!.content);
}

function frame(choice: Record<string, unknown>): string {
  return `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, ...choice }] })}\n\n`;
}

const LAST_FRAMES = `${frame({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`;
const ERROR_FRAME = 'data: {"error": {"message": "no"}}\n\n';
const WHOLE_ANSWER = JSON.stringify({
  id: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
});
