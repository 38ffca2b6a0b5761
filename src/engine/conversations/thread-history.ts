import type { TurnTable } from '../../dataset/turn-table.ts';
import type { MemoryAccount } from '../../protocol/response-memory.ts';

const COMMA = 44;
/** Room for the digits of a length and the blank line behind a head. */
const HEAD_END_BYTES = 24;
const FIRST_BYTES = 2048;

/**
 * What one thread of a conversation has said so far: messages as JSON with commas between, and around them room for what makes a request
 * of them. So a turn costs a copy of what it adds, whatever came before.
 *
 * A request is a view of this memory: it holds until the response to it is added.
 */
export class ThreadHistory {
  readonly #turns: TurnTable;
  /** Where the messages begin. */
  readonly #start: number;
  #bytes: Buffer;
  #end: number;

  /** `before`: bytes that stand before the messages at most, head and opening of the body. */
  constructor(turns: TurnTable, before: number) {
    this.#turns = turns;
    this.#start = before + HEAD_END_BYTES;
    this.#end = this.#start;
    this.#bytes = Buffer.allocUnsafeSlow(this.#start + FIRST_BYTES);
  }

  /** Another thread that goes on from here. */
  fork(): ThreadHistory {
    const fork = new ThreadHistory(this.#turns, this.#start - HEAD_END_BYTES);
    fork.#add(this.#bytes.subarray(this.#start, this.#end));
    return fork;
  }

  /** Bytes of the messages so far. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The request of a turn, whose messages are added for good. `head`: all up to the length of the body. */
  requestOf(turn: number, head: Uint8Array): Buffer {
    this.#add(this.#turns.messagesOf(turn));
    const open = this.#turns.openOf(turn);
    const tail = this.#turns.tailOf(turn);
    this.#reserve(tail.length);
    this.#bytes.set(tail, this.#end);
    const openAt = this.#start - open.length;
    this.#bytes.set(open, openAt);
    const bodyEnd = this.#end + tail.length;
    const headEnd = `${bodyEnd - openAt}\r\n\r\n`;
    const at = openAt - headEnd.length - head.length;
    this.#bytes.set(head, at);
    this.#bytes.write(headEnd, at + head.length, 'latin1');
    return this.#bytes.subarray(at, bodyEnd);
  }

  /** Adds the response to the latest request, a message as JSON. Throws what `memory` does when that has no room; then it is not added. */
  addResponse(message: string, memory: MemoryAccount): void {
    const bytes = Buffer.byteLength(message);
    memory.resize(0, bytes);
    this.#comma(bytes);
    this.#bytes.write(message, this.#end, 'utf8');
    this.#end += bytes;
  }

  #add(messages: Uint8Array): void {
    if (messages.length === 0) return;
    this.#comma(messages.length);
    this.#bytes.set(messages, this.#end);
    this.#end += messages.length;
  }

  /** Makes room for a message, and parts it from the one before. */
  #comma(bytes: number): void {
    this.#reserve(bytes + 1);
    if (this.#end > this.#start) this.#bytes[this.#end++] = COMMA;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const longer = Buffer.allocUnsafeSlow(2 * (this.#end + bytes));
    longer.set(this.#bytes.subarray(this.#start, this.#end), this.#start);
    this.#bytes = longer;
  }
}
