import { adapterOf } from '../../src/protocol/adapters.ts';
import { parseEndpoint } from '../../src/protocol/endpoint.ts';
import { encodeRequest } from '../../src/protocol/http-request.ts';

/** What the bench server sends: `first`, then `chunk` so many times, then `last`. Without chunks `first` is all. */
export interface CannedAnswer {
  readonly first: Buffer;
  readonly chunk: Buffer;
  readonly last: Buffer;
  readonly chunks: number;
}

const IDENTITY = '"id":"chatcmpl-7f3a9c","created":1700000000,"model":"m"';
const USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17}';
const NOTHING = Buffer.alloc(0);

/** A chat completion in one piece, about 300 bytes. */
export function wholeAnswer(): CannedAnswer {
  const body = `{${IDENTITY},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there, how are you today?"},"finish_reason":"stop"}],${USAGE}}`;
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { first: Buffer.from(head + body), chunk: NOTHING, last: NOTHING, chunks: 0 };
}

/** A chat completion as a stream, each message an HTTP chunk of about 190 bytes. */
export function streamedAnswer(chunks: number): CannedAnswer {
  const head =
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nCache-Control: no-cache\r\n\r\n';
  const [role, chunk] = streamMessages(1);
  const end = streamMessages(0).slice(1).map(httpChunk).join('');
  return {
    first: Buffer.from(head + httpChunk(role!)),
    chunk: Buffer.from(httpChunk(chunk!)),
    last: Buffer.from(`${end}0\r\n\r\n`),
    chunks,
  };
}

export function answerBytes({ first, chunk, last, chunks }: CannedAnswer): number {
  return first.length + chunk.length * chunks + last.length;
}

/** The messages of a stream with so many chunks of text: before them the role, behind them the finish reason, usage and the end. */
export function streamMessages(chunks: number): readonly string[] {
  return [
    frame('{"role":"assistant","content":""}', 'null'),
    ...Array.from({ length: chunks }, () => frame('{"content":" hello"}', 'null')),
    frame('{}', '"stop"'),
    `data: {${IDENTITY},"object":"chat.completion.chunk","choices":[],${USAGE}}\n\n`,
    'data: [DONE]\n\n',
  ];
}

/** Messages of a stream that bring no text. */
export const MESSAGES_WITHOUT_TEXT = streamMessages(0).length;

/** The request of row `row` as the program sends it. */
export function requestBytes(url: string, row: number, streaming: boolean): Uint8Array {
  const adapter = adapterOf('chat');
  return encodeRequest(parseEndpoint(url), adapter.path, requestBody(row, streaming), { streaming });
}

export function requestBody(row: number, streaming: boolean): Buffer {
  const options = { model: 'm', streaming, includeUsage: streaming };
  return Buffer.from(JSON.stringify(adapterOf('chat').requestBody({ prompt: `#${row} hello` }, options)));
}

function frame(delta: string, finishReason: string): string {
  return `data: {${IDENTITY},"object":"chat.completion.chunk","choices":[{"index":0,"delta":${delta},"finish_reason":${finishReason}}]}\n\n`;
}

function httpChunk(message: string): string {
  return `${message.length.toString(16)}\r\n${message}\r\n`;
}
