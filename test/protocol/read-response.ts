import { expect } from 'vitest';
import { HttpParseError, HttpResponseParser } from '../../src/protocol/http-response.ts';
import { LearnedHead } from '../../src/protocol/learned-head.ts';
import type { MessageSink } from '../../src/protocol/message-parser.ts';

export interface Message {
  readonly status: number;
  readonly keepAlive: boolean;
  readonly isEventStream: boolean;
  readonly body: string;
  readonly isWhole: boolean;
}

export interface Outcome {
  readonly messages: readonly Message[];
  /** What the end of the connection meant, or why the response was refused. */
  readonly end: string;
}

/** Notes what it is told; body bytes as latin1. */
export class Recorder implements MessageSink {
  readonly parser: HttpResponseParser;
  readonly messages: (Message & { body: string; isWhole: boolean })[] = [];
  pieces = 0;

  constructor(learned = new LearnedHead()) {
    this.parser = new HttpResponseParser(this, learned);
  }

  onHead(status: number): void {
    const { keepAlive, isEventStream } = this.parser;
    this.messages.push({ status, keepAlive, isEventStream, body: '', isWhole: false });
  }

  onBody(buffer: Uint8Array, start: number, end: number): void {
    expect(end).toBeGreaterThan(start);
    this.pieces += 1;
    this.messages.at(-1)!.body += Buffer.from(buffer.subarray(start, end)).toString('latin1');
  }

  onEnd(): void {
    this.messages.at(-1)!.isWhole = true;
  }
}

/** All messages in `bytes`, read in pieces that end at the given places, then the end of the connection. */
export function outcome(bytes: Buffer, cuts: readonly number[] = [], learned?: LearnedHead): Outcome {
  const recorder = new Recorder(learned);
  const { parser, messages } = recorder;
  try {
    for (const [start, end] of piecesOf(bytes.length, cuts)) {
      for (let from = start; from < end;) {
        const used = parser.feed(bytes, from, end);
        expect(used).toBeGreaterThan(0);
        from += used;
      }
    }
    return { end: parser.finish(), messages };
  } catch (error) {
    if (!(error instanceof HttpParseError)) throw error;
    return { end: error.message, messages };
  }
}

function piecesOf(length: number, cuts: readonly number[]): (readonly [number, number])[] {
  const ends = [...new Set([...cuts.map((cut) => cut % (length + 1)), length])].sort((a, b) => a - b);
  return ends.map((end, index) => [ends[index - 1] ?? 0, end] as const);
}

export const latin1 = (text: string) => Buffer.from(text, 'latin1');
export const lines = (...texts: readonly string[]) => texts.join('\r\n');

export function message(body: string, more: Partial<Message> = {}): Message {
  return { status: 200, keepAlive: true, isEventStream: false, isWhole: true, ...more, body };
}
