import { assertNever } from '../core/errors.ts';
import type { AnswerParts } from './answer-parts.ts';
import type { AnswerFailure } from './failure-modes.ts';
import type { PacedTask } from './pacer.ts';
import type { Outcome } from './truth-log.ts';

/**
 * An answer as an event stream, on an absolute schedule: a token that is late does not move those behind it. Tokens that are due
 * together leave in one write.
 */
export class StreamedAnswer implements PacedTask {
  dueNs: number;
  readonly #parts: AnswerParts;
  readonly #now: () => number;
  /** After so many tokens the failure happens, or the answer is complete. */
  readonly #lastToken: number;
  #written = 0;

  constructor(parts: AnswerParts, now: () => number) {
    const { tokenDueNs, receivedNs, failure } = parts;
    this.#parts = parts;
    this.#now = now;
    this.#lastToken = tokensBefore(failure, tokenDueNs.length);
    this.dueNs = receivedNs + tokenDueNs[0]!;
  }

  /** What goes out when the request has arrived, which is no token. A stream that is to be empty has none of it, unless it ends by a message. */
  begin(): void {
    const { reply, frames, failure } = this.#parts;
    const messages = frames.begin();
    const isSent = failure !== 'reset' && (failure !== 'empty' || frames.empty().length > 0);
    if (isSent && messages.length > 0) reply.sendMessages(messages, frames.contentType);
  }

  run(): boolean {
    const { reply, frames, tokenDueNs, receivedNs, entry } = this.#parts;
    if (!reply.isOpen) return false;
    const messages: string[] = [];
    const nowNs = this.#now();
    let next = this.#written;
    while (next < this.#lastToken && receivedNs + tokenDueNs[next]! <= nowNs)
      messages.push(frames.token(next++));
    const tokens = next - this.#written;
    this.#written = next;
    if (next === this.#lastToken) {
      this.#finish(messages, tokens);
      return false;
    }
    if (tokens > 0) {
      const atNs = reply.sendMessages(messages, frames.contentType);
      entry.tokens(tokens, atNs, reply.beganNs, reply.writtenNs);
    }
    this.dueNs = receivedNs + tokenDueNs[next]!;
    return true;
  }

  #finish(messages: string[], tokens: number): void {
    const { reply, frames, failure, ending } = this.#parts;
    const { contentType } = frames;
    switch (failure) {
      case undefined:
        messages.push(...frames.end(this.#written, ending));
        this.#end('ok', tokens, reply.endMessages(messages, contentType));
        break;
      case 'reset':
        this.#end('reset', 0, reply.reset());
        break;
      case 'stall':
        this.#end('stall', tokens, reply.sendMessages(messages, contentType));
        break;
      case 'cut':
        this.#end('cut', tokens, reply.sendMessages(messages, contentType));
        reply.cut();
        break;
      case 'garbage':
        messages.push(...frames.garbage());
        this.#end('garbage', tokens, reply.endMessages(messages, contentType));
        break;
      case 'error':
        messages.push(...frames.error());
        this.#end('error', tokens, reply.endMessages(messages, contentType));
        break;
      case 'empty':
        this.#end('empty', 0, reply.endMessages(frames.empty(), contentType));
        break;
      default:
        assertNever(failure);
    }
  }

  #end(outcome: Outcome, tokens: number, atNs: number): void {
    const { entry, reply } = this.#parts;
    entry.tokens(tokens, atNs, reply.beganNs, reply.writtenNs);
    entry.end(outcome, 200, atNs, reply.writtenNs);
  }
}

function tokensBefore(failure: AnswerFailure | undefined, tokens: number): number {
  switch (failure) {
    case undefined:
      return tokens;
    case 'reset':
    case 'empty':
      return 0;
    case 'stall':
    case 'cut':
    case 'garbage':
    case 'error':
      return tokens >> 1;
    default:
      return assertNever(failure);
  }
}
