import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { ADAPTERS, type ApiName, pathOf } from './adapters.ts';
import { parseEndpoint } from './endpoint.ts';
import { requestTarget } from './request-target.ts';

function target(url: string, api: ApiName = 'chat', path?: string): string {
  return requestTarget(parseEndpoint(url), pathOf(ADAPTERS[api], false, 'm'), path);
}

test.each([
  // Nothing, or a prefix: the whole path of the API.
  ['http://h', '/v1/chat/completions'],
  ['http://h/', '/v1/chat/completions'],
  ['http://h?api-version=1', '/v1/chat/completions?api-version=1'],
  ['http://h/proxy', '/proxy/v1/chat/completions'],
  ['http://h/team/proxy/', '/team/proxy/v1/chat/completions'],
  ['http://h/openai', '/openai/v1/chat/completions'],
  ['http://h/av1', '/av1/v1/chat/completions'],
  ['http://h/vllm', '/vllm/v1/chat/completions'],
  ['http://h/v', '/v/v1/chat/completions'],
  // A version: the base of the API.
  ['http://h/v1', '/v1/chat/completions'],
  ['http://h/v1/', '/v1/chat/completions'],
  ['http://h/v1//', '/v1/chat/completions'],
  ['http://h/proxy/v1', '/proxy/v1/chat/completions'],
  ['http://h/api/v3', '/api/v3/chat/completions'],
  ['http://h/v10', '/v10/chat/completions'],
  ['http://h/V2', '/V2/chat/completions'],
  ['http://h/v1beta', '/v1beta/chat/completions'],
  ['http://h/v1beta/openai', '/v1beta/openai/chat/completions'],
  ['http://h/v1beta/openai/', '/v1beta/openai/chat/completions'],
  ['http://h/v1/openai?key=k', '/v1/openai/chat/completions?key=k'],
  ['http://h/v1/projects/p/endpoints/openapi', '/v1/projects/p/endpoints/openapi/chat/completions'],
  ['http://h/openai/deployments/d1?api-version=1', '/openai/deployments/d1/chat/completions?api-version=1'],
  // The API's own end: the whole URL.
  ['http://h/v1/chat/completions', '/v1/chat/completions'],
  ['http://h/chat/completions', '/chat/completions'],
  ['http://h/chat/completions/', '/chat/completions'],
  ['http://h/v1beta/openai/chat/completions', '/v1beta/openai/chat/completions'],
  [
    'http://h/openai/deployments/d/chat/completions?api-version=1&x=%20',
    '/openai/deployments/d/chat/completions?api-version=1&x=%20',
  ],
])('chat at %s is sent to %s', (url, path) => {
  expect(target(url)).toBe(path);
});

test.each<[ApiName, string, string]>([
  ['completions', 'http://h', '/v1/completions'],
  ['completions', 'http://h/v2', '/v2/completions'],
  ['completions', 'http://h/openai/deployments/d1/completions', '/openai/deployments/d1/completions'],
  ['sglang', 'http://h', '/generate'],
  ['sglang', 'http://h/proxy', '/proxy/generate'],
  ['sglang', 'http://h/proxy/generate', '/proxy/generate'],
  ['sglang', 'http://h/api/generate', '/api/generate'],
  ['responses', 'http://h/v1', '/v1/responses'],
  ['anthropic', 'http://h', '/v1/messages'],
  ['anthropic', 'http://h/anthropic/v1/messages', '/anthropic/v1/messages'],
  ['ollama', 'http://h', '/api/chat'],
  ['ollama-generate', 'http://h/api/generate', '/api/generate'],
  ['llamacpp', 'http://h/', '/completion'],
  ['triton', 'http://h', '/v2/models/m/generate'],
  ['triton', 'http://h/proxy/v2', '/proxy/v2/models/m/generate'],
  ['triton', 'http://h/v2/models/m/generate', '/v2/models/m/generate'],
])('%s at %s is sent to %s', (api, url, path) => {
  expect(target(url, api)).toBe(path);
});

test.each<[string, string, string]>([
  ['http://h', '/api/chat', '/api/chat'],
  ['http://h', 'api/chat', '/api/chat'],
  ['http://h/', '/chat/', '/chat/'],
  ['http://h/api', '/api/chat', '/api/chat'],
  ['http://h/api/chat', '/api/chat', '/api/chat'],
  ['http://h/serving', '/chat/completions', '/serving/chat/completions'],
  ['http://h/v1', '/x?a=1', '/v1/x?a=1'],
  ['http://h/v1?b=2', '/x?a=1', '/v1/x?a=1&b=2'],
  ['http://h/v1?b=2', '/x', '/v1/x?b=2'],
  ['http://h', '/', '/'],
  ['http://h/v1/completions', '/x', '/v1/completions/x'],
])('%s with the path %s is sent to %s', (url, path, wanted) => {
  expect(target(url, 'chat', path)).toBe(wanted);
});

test.each<[ApiName, string, string]>([
  [
    'chat',
    'http://h/v1/completions',
    '--endpoint http://h/v1/completions: ends in /completions, which is for --api completions',
  ],
  [
    'completions',
    'http://h/v1/chat/completions?k=secret',
    'ends in /chat/completions, which is for --api chat',
  ],
  ['chat', 'http://h/generate', 'ends in /generate, which is for --api sglang, or tgi without streaming'],
  ['chat', 'http://h/v1/messages', 'ends in /messages, which is for --api anthropic'],
  ['chat', 'http://h/api/chat', 'ends in /api/chat, which is for --api ollama'],
  ['ollama', 'http://h/api/generate', 'ends in /api/generate, which is for --api ollama-generate'],
  ['completions', 'http://h/completion', 'ends in /completion, which is for --api llamacpp'],
  ['sglang', 'http://h/v1/completions', 'ends in /completions, which is for --api completions'],
  ['chat', 'http://h/v1/responses', 'ends in /responses, which is for --api responses'],
  ['chat', 'http://h/v1/embeddings', 'ends in /embeddings, which is for --api embeddings'],
])('%s refuses %s', (api, url, message) => {
  expect(() => target(url, api)).toThrow(InferometerError);
  expect(() => target(url, api)).toThrow(message);
  expect(() => target(url, api)).not.toThrow('secret');
});

test('a whole URL and a path exclude each other', () => {
  expect(() => target('http://h/v1/chat/completions', 'chat', '/x')).toThrow(
    'already ends in /chat/completions; leave that out to use --path',
  );
});

test('what a target was made from leads to the same target again', () => {
  const segment = fc
    .stringMatching(/^[a-z]{1,6}$/)
    .filter((word) => word !== 'completions' && word !== 'generate');
  const segments = fc.array(fc.oneof(segment, fc.constantFrom('v1', 'v3', 'v1beta')), { maxLength: 4 });
  const queries = fc.constantFrom('', '?a=1', '?api-version=2024-10-21&b');
  fc.assert(
    fc.property(segments, queries, fc.constantFrom<ApiName>('chat', 'completions'), (path, query, api) => {
      fc.pre(!['responses', 'messages', 'embeddings', 'rerank'].includes(path.at(-1) ?? ''));
      const base = ['http://h', ...path].join('/');
      const found = target(base + query, api);
      expect(found.endsWith(`${ADAPTERS[api].path.slice('v1/'.length)}${query}`)).toBe(true);
      expect(found.startsWith(`/${path.join('/')}`)).toBe(true);
      expect(target(`http://h${found}`, api)).toBe(found);
      expect(found.split('/').filter((word) => /^v\d/.test(word)).length).toBe(
        Math.max(1, path.filter((word) => /^v\d/.test(word)).length),
      );
    }),
  );
});
