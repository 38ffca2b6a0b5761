import { SseParser } from '../../src/protocol/sse.ts';

/** What a parser told: messages as their data, named ones behind `>`, failures behind `!`, loose data behind `?`. */
export function toldBy(feed: (parser: SseParser) => void): string[] {
  const told: string[] = [];
  const tell = (mark: string) => (buffer: Uint8Array, start: number, end: number) => {
    told.push(mark + Buffer.from(buffer.subarray(start, end)).toString('latin1'));
  };
  const parser = new SseParser({
    onMessage: (buffer, start, end, isNamed) => tell(isNamed ? '>' : '')(buffer, start, end),
    onFailure: tell('!'),
    onLooseData: tell('?'),
  });
  feed(parser);
  return told;
}

/** The same of `bytes`, read in pieces that end at the given places. */
export function messages(bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return toldBy((parser) => {
    let start = 0;
    for (const end of ends) {
      // A copy that is wiped afterwards: the parser may not rely on a read once it has returned.
      const read = Uint8Array.from(bytes.subarray(start, end));
      parser.feed(read, 0, read.length);
      read.fill(0x2a);
      start = end;
    }
    parser.finish();
  });
}

/** The standard, read naively over the whole stream, with what departs from it: errors by any name, in any case, and loose data. */
export function naiveMessages(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  const told: string[] = [];
  let data: string[] = [];
  let event = '';
  const tell = () => {
    if (event === 'error') told.push(`!${data.join('\n')}`);
    else if (data.length > 0) told.push((event === '' || event === 'message' ? '' : '>') + data.join('\n'));
    data = [];
    event = '';
  };
  const lines = text.split(/\r\n|\r|\n/);
  // What follows the last line end is no line when it is empty.
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (line === '') tell();
    else if (name === 'data' || (name === '' && event === 'error')) data.push(value);
    else if (name === 'event') event = value.toLowerCase() === 'error' ? 'error' : value;
    else if (name === 'error') told.push(`!${value}`);
    else if (line.startsWith('{') || line.startsWith('[')) told.push(`?${line}`);
  }
  if (event === 'error') tell();
  else if (data.length > 0) told.push(`?${data.join('\n')}`);
  return told;
}
