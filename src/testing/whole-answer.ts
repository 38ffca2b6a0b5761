import { assertNever } from '../core/errors.ts';
import type { AnswerParts } from './answer-parts.ts';
import { ENGINE_FAILURE } from './answer-frames.ts';
import type { PacedTask } from './pacer.ts';
import type { Outcome } from './truth-log.ts';

/** An answer in one piece: due when its last token would be. */
export class WholeAnswer implements PacedTask {
  readonly dueNs: number;
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    const { tokenDueNs, receivedNs, failure } = parts;
    this.#parts = parts;
    this.dueNs = receivedNs + (failure === 'reset' ? tokenDueNs[0]! : tokenDueNs.at(-1)!);
  }

  run(): false {
    const { reply, frames, entry, failure, tokenDueNs, ending } = this.#parts;
    if (!reply.isOpen) return false;
    const tokens = tokenDueNs.length;
    const body = frames.body(tokens, ending);
    switch (failure) {
      case undefined: {
        const atNs = reply.sendWhole(200, body);
        entry.tokens(tokens, atNs);
        entry.end('ok', 200, atNs);
        break;
      }
      case 'reset':
        this.#end('reset', reply.reset());
        break;
      case 'stall':
        this.#end('stall', reply.sendHalf(200, body));
        break;
      case 'cut':
        this.#end('cut', reply.sendHalf(200, body));
        reply.cut();
        break;
      case 'garbage':
        this.#end('garbage', reply.sendWhole(200, body.slice(0, body.length >> 1)));
        break;
      case 'error':
        this.#end('error', reply.sendWhole(200, frames.errorBody(ENGINE_FAILURE, 500)));
        break;
      case 'empty':
        this.#end('empty', reply.sendWhole(200, ''));
        break;
      default:
        assertNever(failure);
    }
    return false;
  }

  #end(outcome: Outcome, atNs: number): void {
    this.#parts.entry.end(outcome, 200, atNs);
  }
}
