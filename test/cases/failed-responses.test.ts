import { expect, test } from 'vitest';
import { type Answer, data, delta, DONE, finish, play, usage, word, CLOSE, HANG } from './scripted-answer.ts';

const JSON_HEAD = ['Content-Type: application/json'];
const two = [word('a '), word('b ')];

type FailedCase = [name: string, answer: Answer, type: string, message?: string];

const cases: readonly FailedCase[] = [
  [
    'an error on a line of its own',
    { steps: [...two, '{"error":{"message":"backend gone"}}\n\n', DONE] },
    'server_error',
    'backend gone',
  ],
  [
    'an error on a line of its own, first of all',
    { steps: ['{"error":{"message":"backend gone"}}\n\n', DONE] },
    'server_error',
    'backend gone',
  ],
  [
    'a field named error',
    { steps: [...two, 'error: {"code":500,"message":"context shift failed"}\n\n', DONE] },
    'server_error',
    'context shift',
  ],
  [
    'an error in a frame before the terminator',
    { steps: [data({ error: { message: 'too slow', code: 504 } }), DONE] },
    'server_error',
    'too slow',
  ],
  [
    'an error as text',
    { steps: [...two, data({ error: 'out of memory' }), DONE] },
    'server_error',
    'out of memory',
  ],
  [
    'an error beside choices',
    {
      steps: [
        ...two,
        data({ error: { message: 'gone' }, choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }),
        DONE,
      ],
    },
    'server_error',
    'gone',
  ],
  [
    'a flat error object',
    { steps: [...two, data({ object: 'error', message: 'gone' }), DONE] },
    'server_error',
    'gone',
  ],
  [
    'an object of type error',
    { steps: [...two, data({ type: 'error', message: 'gone' }), DONE] },
    'server_error',
    'gone',
  ],
  [
    'an event named error with a flat body',
    { steps: [...two, 'event: error\ndata: {"code":502,"message":"bad gateway"}\n\n', DONE] },
    'server_error',
    'bad gateway',
  ],
  [
    'an event named error with plain text',
    { steps: [...two, 'event: error\ndata: upstream timed out\n\n', DONE] },
    'server_error',
    'upstream timed out',
  ],
  [
    'an event named error with a comment',
    { steps: [...two, 'event: error\n: the worker went away\n\n', DONE] },
    'server_error',
    'the worker went away',
  ],
  ['an event named error with nothing', { steps: [...two, 'event: error\n\n', DONE] }, 'server_error'],
  [
    'a body with an error in place of a stream',
    { framing: 'length', head: JSON_HEAD, steps: [JSON.stringify({ error: { message: 'queue is full' } })] },
    'server_error',
    'queue is full',
  ],
  [
    'a page of a proxy',
    {
      framing: 'length',
      head: ['Content-Type: text/html'],
      steps: ['<html><body>upstream connect error</body></html>'],
    },
    'malformed_response',
    '<html>',
  ],
  ['no body at all', { framing: 'length', steps: [''] }, 'stream_truncated'],
  ['nothing but the terminator', { steps: [DONE] }, 'empty_answer'],
  ['a connection that drops', { steps: [...two, CLOSE] }, 'stream_truncated'],
  ['a message that ends early', { steps: two }, 'stream_truncated', 'terminator'],
  [
    'empty finish reasons, then an early end',
    { steps: [data({ choices: [{ delta: { content: 'a' }, finish_reason: '' }] })] },
    'stream_truncated',
  ],
  ['the finish reason abort', { steps: [...two, finish('abort'), usage(4, 2), DONE] }, 'aborted'],
  ['the finish reason error', { steps: [...two, finish('error'), DONE] }, 'server_error'],
  [
    'an object as finish reason, of type abort',
    { steps: [...two, finish({ type: 'abort', message: 'out of KV cache', status_code: 503 }), DONE] },
    'server_error',
    'out of KV cache',
  ],
  ['a server that stops in the middle', { steps: [...two, HANG] }, 'timeout'],
  ['a number in place of a frame', { steps: [...two, data(42), DONE] }, 'malformed_response', '42'],
  [
    'a flat error without any mark of one',
    { steps: [...two, data({ code: 50001, message: 'gone', type: 'InternalServerError' }), DONE] },
    'server_error',
    'gone',
  ],
  [
    'a flat error on a line of its own',
    { steps: [...two, '{"code":500,"message":"gone"}\n\n', DONE] },
    'server_error',
    'gone',
  ],
  [
    'an error by its status',
    { steps: [...two, data({ status: 'error', msg: 'gone' }), DONE] },
    'server_error',
    'gone',
  ],
  ['a list of errors', { steps: [...two, data({ errors: ['gone'] }), DONE] }, 'server_error', 'gone'],
  [
    "FastAPI's detail in a frame",
    { steps: [...two, data({ detail: 'gone' }), DONE] },
    'server_error',
    'gone',
  ],
  [
    'an error in a choice',
    { steps: [...two, data({ choices: [{ index: 0, delta: {}, error: { message: 'gone' } }] }), DONE] },
    'server_error',
    'gone',
  ],
  ['an error in a delta', { steps: [...two, delta({ error: 'gone' }), DONE] }, 'server_error', 'gone'],
  [
    'an event named ERROR',
    { steps: [...two, 'event: ERROR\ndata: {"message":"gone"}\n\n', DONE] },
    'server_error',
    'gone',
  ],
  [
    'the finish reason network_error',
    { steps: [...two, finish('network_error'), DONE] },
    'server_error',
    'network_error',
  ],
  [
    'the finish reason insufficient_system_resource',
    { steps: [...two, finish('insufficient_system_resource'), DONE] },
    'server_error',
  ],
  ['the finish reason ABORT', { steps: [...two, finish('ABORT'), DONE] }, 'aborted'],
  [
    'a body that says why it holds no choices',
    { framing: 'length', head: JSON_HEAD, steps: ['{"code":500,"message":"gone"}'] },
    'server_error',
    'gone',
  ],
  [
    'a body of something else',
    { framing: 'length', head: JSON_HEAD, steps: ['{"status":"starting"}'] },
    'malformed_response',
    'starting',
  ],
  ['tool calls that are none', { steps: [delta({ tool_calls: 'no' }), DONE] }, 'malformed_response'],
];

test.each<FailedCase>(cases)('%s is a failure', async (...[, answer, type, message = '']) => {
  const { samples, run } = await play(answer, type === 'timeout' ? { requestTimeoutMs: 100 } : {});
  expect(samples[0]!.error?.errorType).toBe(type);
  expect(samples[0]!.error?.errorMessage).toContain(message);
  expect(run.count('tracked_samples_errored')).toBe(1);
  expect(run.count('tracked_samples_succeeded')).toBe(0);
});

test('one of two choices that is cut off is a failure', async () => {
  const steps = [...two, word('x ', 1), finish('stop', 1)];
  for (const end of [[], [DONE]]) {
    const { samples } = await play({ steps: [...steps, ...end] }, { rows: [{ prompt: 'p', n: 2 }] });
    expect(samples[0]!.error?.errorType).toBe('stream_truncated');
  }
});

test('one of two choices of which nothing was said is a failure, also without finish reasons', async () => {
  for (const [steps, succeeds] of [
    [[...two, DONE], false],
    [[...two, word('x ', 1), DONE], true],
  ] as const) {
    const { samples } = await play({ steps }, { rows: [{ prompt: 'p', n: 2 }] });
    expect(samples[0]!.error?.errorType).toBe(succeeds ? undefined : 'stream_truncated');
  }
});

test('a choice of SGLang of which nothing was said is a failure, also without finish reasons', async () => {
  const frame = data({ text: 'a', index: 0, meta_info: { completion_tokens: 1, prompt_tokens: 1 } });
  const rows = [{ prompt: 'p', sampling_parameters: { n: 2 } }];
  const { samples } = await play({ steps: [frame, DONE] }, { api: 'sglang', rows });
  expect(samples[0]!.error?.errorType).toBe('stream_truncated');
});

test('what a server says of a failure is kept short and does not reach the terminal as a command', async () => {
  const message = `\u001b[2Jgone\r\n${'x'.repeat(100_000)}`;
  const { samples } = await play({ steps: [data({ error: { message } })] });
  const told = samples[0]!.error!.errorMessage;
  expect(told).toMatch(/^ \[2Jgone x+…$/);
  expect(told.length).toBeLessThan(600);
});

test('a whole response with the finish reason abort is a failure', async () => {
  const body = { id: 'x', choices: [{ index: 0, message: { content: '' }, finish_reason: 'abort' }] };
  const answer: Answer = { framing: 'length', head: JSON_HEAD, steps: [JSON.stringify(body)] };
  const { samples } = await play(answer, { streaming: false });
  expect(samples[0]!.error?.errorType).toBe('aborted');
});

test.each<[string, Answer, string, string]>([
  [
    'compressed',
    {
      status: '503 Service Unavailable',
      isGzip: true,
      framing: 'length',
      head: JSON_HEAD,
      steps: ['{"error":{"message":"overloaded"}}'],
    },
    'http_503',
    'overloaded',
  ],
  [
    'with a delay to wait for',
    {
      status: '429 Too Many Requests',
      framing: 'length',
      head: [...JSON_HEAD, 'Retry-After: 7'],
      steps: ['{"error":{"message":"slow down"}}'],
    },
    'http_429',
    'Retry-After: 7',
  ],
  [
    'with a content encoding that is not known',
    {
      status: '503 Service Unavailable',
      framing: 'length',
      head: ['Retry-After: 3', 'Content-Encoding: zstd'],
      steps: ['?'],
    },
    'http_503',
    'Retry-After: 3',
  ],
  [
    'with two framings',
    { status: '502 Bad Gateway', head: ['Content-Length: 3'], steps: ['gone'] },
    'http_502',
    'HTTP 502',
  ],
  [
    'with broken chunks',
    { status: '500 Internal Server Error', head: JSON_HEAD, steps: ['{"detail":"gone"}', { raw: 'zz\r\n' }] },
    'http_500',
    'gone',
  ],
  [
    'with another place to ask',
    { status: '308 Permanent Redirect', framing: 'length', head: ['Location: /proxy/v1'], steps: [''] },
    'http_308',
    '/proxy/v1',
  ],
  [
    'of FastAPI',
    {
      status: '422 Unprocessable Entity',
      framing: 'length',
      head: JSON_HEAD,
      steps: ['{"detail":[{"msg":"Field required"}]}'],
    },
    'http_422',
    'Field required',
  ],
])('a status of failure is reported %s', async (_name, answer, type, message) => {
  const { samples } = await play(answer);
  expect(samples[0]!.error).toMatchObject({ errorType: type });
  expect(samples[0]!.error?.errorMessage).toContain(message);
});

test('a status of failure is reported of a head that is cut off, and none of one whose status was not read', async () => {
  const heads = ['HTTP/1.1 502 Bad Gateway\r\nServer: x\r\n', 'HTTP/1.1 502 Bad'];
  const { samples } = await play(
    ({ socket, connection }) => {
      socket.end(heads[connection]!);
      return undefined;
    },
    { count: 2 },
  );
  expect(samples.map(({ error }) => error?.errorType)).toEqual(['http_502', 'stream_truncated']);
});
