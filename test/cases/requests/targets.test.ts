import { expect, test } from 'vitest';
import { type Flags, jsonLines, prepare } from './prepared.ts';

test.each<[string, Flags, string]>([
  ['a server', { '--endpoint': 'http://h:1' }, '/v1/chat/completions'],
  ['a base with v1', { '--endpoint': 'http://h/v1' }, '/v1/chat/completions'],
  ['a base with v1 and a slash', { '--endpoint': 'http://h/v1/' }, '/v1/chat/completions'],
  ['a base of another version', { '--endpoint': 'http://h/api/v3' }, '/api/v3/chat/completions'],
  ['a base below a version', { '--endpoint': 'http://h/v1beta/openai/' }, '/v1beta/openai/chat/completions'],
  ['a prefix of a proxy', { '--endpoint': 'http://h/team/proxy' }, '/team/proxy/v1/chat/completions'],
  [
    'a whole URL',
    { '--endpoint': 'http://h/v1beta/openai/chat/completions' },
    '/v1beta/openai/chat/completions',
  ],
  [
    'a whole URL of completions',
    { '--endpoint': 'http://h/openai/deployments/d1/completions', '--api': 'completions' },
    '/openai/deployments/d1/completions',
  ],
  [
    'a whole URL with a query',
    { '--endpoint': 'http://h/openai/deployments/d1/chat/completions?api-version=2024-10-21' },
    '/openai/deployments/d1/chat/completions?api-version=2024-10-21',
  ],
  [
    'a deployment with a query',
    { '--endpoint': 'http://h/openai/deployments/d1?api-version=2024-10-21' },
    '/openai/deployments/d1/chat/completions?api-version=2024-10-21',
  ],
  ['a path of its own', { '--endpoint': 'http://h/x?a=1', '--path': '/y?b=2' }, '/x/y?b=2&a=1'],
])('%s', async (_what, flags, target) => {
  const { requests } = await prepare(flags);
  expect(requests.map((request) => request.target)).toEqual([target]);
});

test('a service gets its key in the header it wants', async () => {
  const { requests } = await prepare({ '--header': ['api-key: abc', 'X-Team: a'] });
  expect(requests[0]!.headers).toMatchObject({ 'api-key': 'abc', 'X-Team': 'a', Host: 'h' });
});

test('an endpoint of another API is refused before the dataset is read', async () => {
  const bad = jsonLines({ prompt: '' });
  await expect(prepare({ '--endpoint': 'http://h/v1/completions' }, bad)).rejects.toThrow(
    '--endpoint http://h/v1/completions: ends in /completions, which is for --api completions',
  );
  await expect(
    prepare({ '--endpoint': 'http://h/v1/chat/completions?key=s3cret', '--path': '/x' }, bad),
  ).rejects.toThrow(
    '--endpoint http://h/v1/chat/completions: already ends in /chat/completions; leave that out to use --path',
  );
});
