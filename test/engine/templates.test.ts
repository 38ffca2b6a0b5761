import { afterEach, expect, test } from 'vitest';
import { parseTemplate } from '../../src/config/template-file.ts';
import { fullText } from '../../src/core/model-output-text.ts';
import { answerText } from '../../src/testing/answer-frames.ts';
import { COMPLETE_EXTRA } from '../../src/events/event-batch.ts';
import type { MockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { LocalEngine } from './harness.ts';
import { startRawServer } from './raw-server.ts';
import { ERROR_TYPES, FAILURES, measurePairs, serverWith } from './truth-pairs.ts';

const CHAT = `
path: /v1/chat/completions
body:
  model: '{{model}}'
  messages: '{{messages}}'
  max_tokens: '{{max_tokens}}'
  stream: '{{stream}}'
  stream_options: { include_usage: true }
response:
  framing: sse
  text: [/choices/0/delta/content, /choices/0/message/content]
  finish_reason: /choices/0/finish_reason
  prompt_tokens: /usage/prompt_tokens
  completion_tokens: /usage/completion_tokens
  terminator: '[DONE]'
`;
const LINES = `
path: /api/generate
body: '{"prompt": {{prompt}}, "stream": {{stream}}}'
response:
  framing: ndjson
  text: /response
  finish_reason: /done_reason
  prompt_tokens: /prompt_eval_count
  completion_tokens: /eval_count
  terminator: /done
`;
const WHOLE = `
path: /generate
body: { inputs: '{{prompt}}' , parameters: { details: true } }
response:
  framing: whole
  text: /generated_text
  finish_reason: /details/finish_reason
  prompt_tokens: /details/input_length
  completion_tokens: /details/generated_tokens
`;

let server: MockServer | undefined;

afterEach(() => server?.close());

test.each([
  ['server-sent events', CHAT, true, 'stop'],
  ['a body of the same API', CHAT, false, 'stop'],
  ['JSON lines', LINES, true, 'stop'],
  ['a body where lines are streamed', LINES, false, 'stop'],
  ['whole bodies', WHOLE, false, 'eos_token'],
])(
  'a template measures %s as the server wrote them, failures included',
  async (_name, text, streaming, end) => {
    server = await serverWith(FAILURES);
    const outcomes = new Set<Outcome>();
    const api = parseTemplate(text, 'acme.yaml');
    const pairs = await measurePairs(server, { api, streaming, samples: 80, timeoutMs: 400 });
    const emptyIs = streaming && text === CHAT ? 'empty_answer' : 'malformed_response';
    for (const { sample, outcome, tokens, tokensNs } of pairs) {
      outcomes.add(outcome);
      expect(sample.error?.errorType).toBe(outcome === 'empty' ? emptyIs : ERROR_TYPES[outcome]);
      if (outcome === 'error') expect(sample.error?.errorMessage).toContain('the engine died');
      if (outcome !== 'ok') continue;
      expect(sample.finishReason).toBe(end);
      expect(fullText(sample.output!)).toBe(answerText(tokens[1]!));
      expect(sample.usage).toEqual(tokens);
      expect(sample.chunksNs).toHaveLength(streaming ? tokens[1]! : 0);
      for (const [index, tokenNs] of tokensNs.entries()) {
        if (streaming) expect(sample.chunksNs[index]).toBeGreaterThanOrEqual(tokenNs);
      }
    }
    expect(outcomes.size).toBeGreaterThan(6);
  },
);

const ODD = `
method: PUT
path: /odd?x=1
headers: { X-Team: load }
body: { q: '{{prompt}}' }
response: { framing: sse, text: /t, reasoning: /r, prompt_tokens: /p, cached_tokens: /c, error: /fault, terminator: BYE }
`;

test.each<[string, readonly string[], string | undefined, string]>([
  [
    'a terminator that is no JSON',
    ['{"r":"hm"}', '{"t":"a"}', '{"t":"b","p":5,"c":4}', 'BYE'],
    undefined,
    'ab',
  ],
  ['no terminator', ['{"t":"a"}'], 'stream_truncated', ''],
  ['an error at its pointer', ['{"t":"a"}', '{"fault":{"message":"no"}}', 'BYE'], 'server_error', ''],
  ['an error that says nothing', ['{"t":"a","fault":null}', 'BYE'], undefined, 'a'],
  ['a text that is none', ['{"t":7}', 'BYE'], 'malformed_response', ''],
  ['a reason instead of a text', ['{"message":"too long"}', 'BYE'], 'server_error', ''],
  ['what follows the terminator', ['{"t":"a"}', 'BYE', '{"t":"b"}'], undefined, 'a'],
])('a stream with %s', async (_name, messages, failure, text) => {
  let request = '';
  const raw = await startRawServer(({ socket, text: received }) => {
    request = received;
    const body = messages.map((message) => `data: ${message}\n\n`).join('');
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  const api = parseTemplate(ODD, 'odd.yaml');
  const engine = new LocalEngine({ urls: [`${raw.url}/v1/base`], api, streaming: true });
  try {
    const [sample] = await engine.sendOneByOne();
    expect(request).toContain('PUT /v1/base/odd?x=1 HTTP/1.1\r\n');
    expect(request).toContain('X-Team: load\r\n');
    expect(request).toMatch(/\{"q":"one"\}$/);
    expect(sample!.error?.errorType).toBe(failure);
    if (failure !== undefined) return;
    expect(fullText(sample!.output!).endsWith(text)).toBe(true);
    expect([sample!.output!.output].flat().join('')).toBe(text);
    if (text === 'ab') {
      expect(sample!.opened).toHaveLength(2);
      expect(sample!.completeExtras[COMPLETE_EXTRA.cachedTokens]).toBe(4);
    }
  } finally {
    engine.close();
    await raw.close();
  }
});
