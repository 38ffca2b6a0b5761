import { expect, test } from 'vitest';
import { adapterOf } from '../protocol/adapters.ts';
import { parseTemplate, readTemplateFile } from './template-file.ts';

const GOOD = `path: /v1/{{model}}/ask?x=1
headers: { X-Team: load }
key_header: x-api-key
body:
  question: '{{prompt}}'
  text: 'Q: {{ prompt }} ({{row.level}})'
  limit: '{{max_tokens}}'
  chat: '{{messages}}'
  list: ['{{row.nothing}}', 1]
  stream: '{{stream}}'
response:
  framing: sse
  text: [/delta/text, /text]
  finish_reason: /why
  prompt_tokens: /usage/in
  terminator: '[DONE]'
`;
const OPTIONS = { model: 'a/b', streaming: true, includeUsage: true } as const;

test('a template makes requests of rows', () => {
  const adapter = adapterOf(parseTemplate(GOOD, 'acme.yaml'));
  expect(adapter).toMatchObject({
    name: 'template:acme.yaml',
    path: 'v1/{model}/ask?x=1',
    method: 'POST',
    isChat: true,
    namesModel: false,
    headers: { 'X-Team': 'load' },
    keyHeader: 'x-api-key',
  });
  const unsent: string[] = [];
  const row = { prompt: 'say "hi"', system: 'be brief', level: 3, seed: 7, extra_body: { top: 1 } };
  const onUnsent = (column: string) => unsent.push(column);
  expect(
    adapter.requestBody(row, { ...OPTIONS, maxOutputTokens: 9, extra: { list: null }, onUnsent }),
  ).toEqual({
    question: 'say "hi"',
    text: 'Q: say "hi" (3)',
    limit: 9,
    chat: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'say "hi"' },
    ],
    stream: true,
    top: 1,
  });
  expect(unsent).toEqual(['seed']);
});

test('a variable without a value leaves its field out, and a row without a prompt is refused', () => {
  const adapter = adapterOf(parseTemplate(GOOD, 'acme.yaml'));
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'one' }] }];
  expect(adapter.requestBody({ messages }, OPTIONS)).toEqual({
    ...{ question: 'one', text: 'Q: one ()', chat: messages, list: [1], stream: true },
  });
  expect(() => adapter.requestBody({ level: 1 }, OPTIONS)).toThrow(
    '--api template:acme.yaml needs a prompt in each row (got only level)',
  );
});

test('a body may be JSON text with variables outside of texts', () => {
  const body = `body: '{"a": {{prompt}}, "b": "x {{prompt}} \\" {{model}}", "c": [{{max_tokens}}]}'`;
  const adapter = adapterOf(parseTemplate(`path: /a\n${body}\nresponse: {framing: whole, text: /t}`, 'f'));
  expect(adapter.isWhole).toBe(true);
  expect(adapter.requestBody({ prompt: 'p"\n', max_tokens: 2 }, OPTIONS)).toEqual({
    ...{ a: 'p"\n', b: 'x p"\n " a/b', c: [2] },
  });
});

const REST = 'body: {q: "{{prompt}}"}\nresponse: {framing: sse, text: /t}\n';

test.each<[string, string]>([
  ['', 'acme.yaml: has nothing in it; it needs the keys method, path, headers, key_header, body, response'],
  [
    'path: [',
    'acme.yaml:1:8: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    REST,
    'acme.yaml:1:1: path is missing; it must be a path such as /v1/generate, in which {{model}} stands for the model',
  ],
  [
    `path: v1\n${REST}`,
    'acme.yaml:1:7: path: must be a path such as /v1/generate, in which {{model}} stands for the model (got "v1")',
  ],
  [`path: /v1\nmethod: GET\n${REST}`, 'acme.yaml:2:9: method: must be POST or PUT (got "GET")'],
  [
    `path: /v1\nbody_: 1\n${REST}`,
    'acme.yaml:2:8: body_: unknown key; known are method, path, headers, key_header, body, response',
  ],
  [
    `path: /v1\nheaders: {Authorization: Bearer x}\n${REST}`,
    'acme.yaml:2:26: headers.Authorization: must be harmless text: give keys by --api-key (with key_header) or --header, which keep them out of files and messages',
  ],
  [
    `path: /v1\nbody:\n  a:\n    - x\n    - "{{promt}}"\nresponse: {framing: sse, text: /t}`,
    'acme.yaml:5:7: body.a.1: must be text whose variables are one of {{prompt}}, {{system}}, {{messages}}, {{input_tokens}}, {{model}}, {{max_tokens}}, {{stream}}, or {{row.NAME}} for a column (got "{{promt}}")',
  ],
  [
    `path: /v1\nbody: '{"a": {{prompt}'\nresponse: {framing: sse, text: /t}`,
    'acme.yaml:2:7: body: must be JSON with variables in it (',
  ],
  [
    'path: /v1\nbody: {}\nresponse:\n  framing: lines\n  text: /t',
    'acme.yaml:4:12: response.framing: must be one of sse, ndjson, whole (got "lines")',
  ],
  [
    'path: /v1\nbody: {}\nresponse:\n  framing: sse',
    'acme.yaml:4:3: response.text is missing; it must be a JSON pointer such as /choices/0/text, or a list of them',
  ],
  [
    'path: /v1\nbody: {}\nresponse: {framing: sse, text: /t, error: a.b}',
    'acme.yaml:3:43: response.error: must be a JSON pointer such as /choices/0/text, or a list of them (got "a.b")',
  ],
  [
    'path: /v1\nbody: {}\nresponse: {framing: sse, text: /t, finish: /a}',
    'acme.yaml:3:44: response.finish: unknown key; known are framing, text, reasoning, finish_reason, prompt_tokens, completion_tokens, cached_tokens, error, terminator',
  ],
])('%s is refused with its place', (text, message) => {
  expect(() => parseTemplate(text, 'acme.yaml')).toThrow(`--api template:${message}`);
});

test.each([
  ['headers: {X-A: "a\\r\\nb"}', '2:16: headers.X-A: must be printable ASCII on one line'],
  [
    'headers: {content-length: "5"}',
    '2:27: headers.content-length: must be a header name that does not frame',
  ],
  ['headers: {x-api-key: hunter2}', '2:22: headers.x-api-key: must be harmless text'],
  ['key_header: a b', '2:13: key_header: must be a header name that does not frame'],
])('%s is refused without its value', (line, message) => {
  let told = '';
  try {
    parseTemplate(`path: /v1\n${line}\n${REST}`, 'acme.yaml');
  } catch (error) {
    told = String(error);
  }
  expect(told).toContain(`--api template:acme.yaml:${message}`);
  expect(told).not.toContain('hunter2');
});

test('a file that is not there is refused', () => {
  expect(() => readTemplateFile('/nowhere.yaml')).toThrow(
    "--api template:/nowhere.yaml: can't be read: ENOENT",
  );
});
