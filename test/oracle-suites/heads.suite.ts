/**
 * Reads the responses of many kinds of servers, whole and cut, by a parser that has learned nothing and by one that has learned the same
 * head, and checks where each ends, what its body is, and whether the connection may be used again.
 */
import { ContentDecoder } from '../../src/protocol/content-decoder.ts';
import { HttpParseError, HttpResponseParser } from '../../src/protocol/http-response.ts';
import { LearnedHead } from '../../src/protocol/learned-head.ts';
import type { MessageSink } from '../../src/protocol/message-parser.ts';
import { differences } from './compare.ts';
import { readOracle, type OracleCase, type OracleSuite } from './suite.ts';

interface GoldenHead {
  readonly name: string;
  readonly response?: string;
  readonly response_base64?: string;
  readonly status: number;
  /** What ends the body, or that the response must be refused. */
  readonly framing: 'length' | 'chunked' | 'close' | 'none' | 'error';
  readonly keep: boolean;
  readonly body?: string;
  readonly retry_after?: string;
  readonly location?: string;
  /** Refusing the response is right, too. */
  readonly may_be_refused?: boolean;
}

type Found = 'refused' | Readonly<Record<string, unknown>>;

const CUTS = [Infinity, 1, 7] as const;
/** A head is learned at the first reading, or after a few. */
const READINGS = 6;

export const suite: OracleSuite = {
  name: 'heads',
  isOptional: true,
  cases: () => readOracle<{ heads: readonly GoldenHead[] }>('heads.json').heads.map(caseOf),
};

function caseOf(golden: GoldenHead): OracleCase {
  return {
    name: golden.name,
    run: () =>
      CUTS.flatMap((cut) => {
        const learned = new LearnedHead();
        return Array.from({ length: READINGS }, (_, nth) => mismatches(golden, cut, nth, learned)).flat();
      }),
  };
}

function mismatches(golden: GoldenHead, cut: number, nth: number, learned: LearnedHead): readonly string[] {
  const found = read(golden, cut, learned);
  if (golden.framing === 'error') return found === 'refused' ? [] : [`cut by ${cut}: not refused`];
  if (found === 'refused') return golden.may_be_refused === true ? [] : [`cut by ${cut}: refused`];
  const wanted = {
    status: golden.status,
    isEndedByClose: golden.framing === 'close',
    keep: golden.keep,
    body: golden.body,
    retryAfter: golden.retry_after,
    location: golden.location,
  };
  return differences(wanted, found, 0, `cut by ${cut}, reading ${nth}`);
}

/** What a parser makes of the response. */
function read(golden: GoldenHead, cut: number, learned: LearnedHead): Found {
  const { response, response_base64: base64 = '' } = golden;
  const bytes = response === undefined ? Buffer.from(base64, 'base64') : Buffer.from(response);
  const reading = new Reading(learned);
  try {
    for (let at = 0; at < bytes.length; at += cut) {
      const end = Math.min(bytes.length, at + cut);
      const used = reading.parser.feed(bytes, at, end);
      if (at + used < end) return { strayBytes: bytes.length - at - used };
    }
  } catch (error) {
    if (error instanceof HttpParseError) return 'refused';
    throw error;
  }
  return reading.found();
}

class Reading implements MessageSink {
  readonly parser: HttpResponseParser;
  #decoder: ContentDecoder | undefined;
  #body = Buffer.alloc(0);
  #hasEnded = false;

  constructor(learned: LearnedHead) {
    this.parser = new HttpResponseParser(this, learned);
  }

  onHead(): void {
    const { contentCoding } = this.parser;
    if (contentCoding !== undefined)
      this.#decoder = new ContentDecoder(contentCoding, (bytes) => this.#add(bytes));
  }

  onBody(buffer: Uint8Array, start: number, end: number): void {
    const bytes = Buffer.from(buffer.subarray(start, end));
    if (this.#decoder === undefined) this.#add(bytes);
    else this.#decoder.write(bytes);
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#decoder?.end();
  }

  found(): Found {
    const { status, keepAlive, retryAfter, location } = this.parser;
    const isEndedByClose = !this.#hasEnded && this.parser.finish() === 'complete';
    if (!this.#hasEnded) return { status, truncated: true };
    return { status, isEndedByClose, keep: keepAlive, body: this.#body.toString(), retryAfter, location };
  }

  #add(bytes: Uint8Array): void {
    this.#body = Buffer.concat([this.#body, bytes]);
  }
}
