import { expect, test } from 'vitest';
import type { ApiName } from '../../src/protocol/adapters.ts';
import { LocalEngine } from './harness.ts';
import { startRawServer } from './raw-server.ts';

const OLLAMA =
  '{"message":{"content":"a"},"done":false}\n{"message":{"content":"b"},"done":true,"done_reason":"stop"}\n';
const TGI =
  'data: {"token":{"text":"a"},"generated_text":"a","details":{"finish_reason":"length","generated_tokens":1}}\n\n';

test.each<[ApiName, string, string, number]>([
  ['ollama', OLLAMA, 'application/x-ndjson', 2],
  ['tgi', TGI, 'text/event-stream', 1],
])(
  'a stream of %s is complete with a last message that has text, whatever becomes of the connection',
  async (api, body, contentType, chunks) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const server = await startRawServer(({ socket }) => {
      socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n`);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    const engine = new LocalEngine({ urls: [server.url], api, streaming: true, requestTimeoutMs: 5000 });
    try {
      const [sample] = await engine.sendOneByOne();
      expect(sample!.error).toBeUndefined();
      expect(sample!.chunksNs).toHaveLength(chunks);
    } finally {
      engine.close();
      await server.close();
    }
  },
);
