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
  readonly #parts: AnswerParts & { readonly includeUsage: boolean };
  readonly #now: () => number;
  /** After so many tokens the failure happens, or the answer is complete. */
  readonly #lastToken: number;
  #written = 0;

  constructor(parts: AnswerParts & { readonly includeUsage: boolean }, now: () => number) {
    const { tokenDueNs, receivedNs, failure } = parts;
    this.#parts = parts;
    this.#now = now;
    this.#lastToken = tokensBefore(failure, tokenDueNs.length);
    this.dueNs = receivedNs + tokenDueNs[0]!;
  }

  /** What goes out when the request has arrived: a chat's role, which is no token. */
  begin(hasRole: boolean): void {
    const { reply, frames, failure } = this.#parts;
    if (hasRole && failure !== 'reset') reply.sendMessages([frames.role()]);
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
      const atNs = reply.sendMessages(messages);
      entry.tokens(tokens, atNs, reply.beganNs, reply.writtenNs);
    }
    this.dueNs = receivedNs + tokenDueNs[next]!;
    return true;
  }

  #finish(messages: string[], tokens: number): void {
    const { reply, frames, failure, finishReason, includeUsage } = this.#parts;
    const usage = includeUsage ? [frames.usage(this.#written)] : [];
    switch (failure) {
      case undefined:
        messages.push(frames.finish(finishReason), ...usage, frames.done());
        this.#end('ok', tokens, reply.endMessages(messages));
        break;
      case 'reset':
        this.#end('reset', 0, reply.reset());
        break;
      case 'stall':
        this.#end('stall', tokens, reply.sendMessages(messages));
        break;
      case 'cut':
        this.#end('cut', tokens, reply.sendMessages(messages));
        reply.cut();
        break;
      case 'garbage':
        messages.push(frames.garbage(), frames.done());
        this.#end('garbage', tokens, reply.endMessages(messages));
        break;
      case 'error':
        messages.push(frames.error(), frames.done());
        this.#end('error', tokens, reply.endMessages(messages));
        break;
      case 'empty':
        this.#end('empty', 0, reply.endMessages([frames.done()]));
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
