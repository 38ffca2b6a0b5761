/** Why an answer ended; each API has its own words for it. */
export type Ending = 'stop' | 'length';

/** The pieces of one answer as servers of an API send it, as ASCII. */
export interface AnswerFrames {
  /** Of a stream. */
  readonly contentType: string;
  /** Sent when the request has arrived; no token. */
  begin(): readonly string[];
  token(position: number): string;
  /** The last messages of a stream of so many tokens. */
  end(tokens: number, ending: Ending): readonly string[];
  /** The last messages of a stream that goes wrong: something that is no JSON. */
  garbage(): readonly string[];
  /** The same with a failure that is told. */
  error(): readonly string[];
  /** A stream without a token. */
  empty(): readonly string[];
  /** The whole answer, not streamed. */
  body(tokens: number, ending: Ending): string;
  /** The body of a response that reports a failure. */
  errorBody(message: string, status: number): string;
}

const WORDS = 'the quick brown fox jumps over a lazy dog and then runs far into some deep green wood'.split(
  ' ',
);

/** The text of the token at this place: a word, with a space before all but the first. */
export function tokenText(position: number): string {
  const word = WORDS[position % WORDS.length]!;
  return position === 0 ? word : ` ${word}`;
}

/** An answer of so many tokens, so also of so many words. */
export function answerText(tokens: number): string {
  return Array.from({ length: tokens }, (_, position) => tokenText(position)).join('');
}

export const ENGINE_FAILURE = 'mock server failure: the engine died';

/** A message of an event stream. */
export function sseMessage(value: object, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${asciiJson(value)}\n\n`;
}

/** JSON in ASCII: a character is a byte. */
export function asciiJson(value: object): string {
  return ascii(JSON.stringify(value));
}

export function ascii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
