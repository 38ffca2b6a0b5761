import { expect, test } from 'vitest';
import { resolveConfig } from './resolve.ts';
import { addressesOfEach, parseResolve } from './resolve-entries.ts';

test.each([
  ['h:80:10.0.0.1', { host: 'h', port: 80, addresses: ['10.0.0.1'] }],
  [
    'H.test:443:10.0.0.1,[::1],fd00::2',
    { host: 'h.test', port: 443, addresses: ['10.0.0.1', '::1', 'fd00::2'] },
  ],
  ['h:80:::1', { host: 'h', port: 80, addresses: ['::1'] }],
])('takes %s apart', (text, expected) => {
  expect(parseResolve(text)).toEqual(expected);
});

test.each(['', 'h', 'h:80', 'h:80:', 'h:0:::1', 'h:99999:::1', 'h:80:other', 'h:80:::1,', '10.0.0.1:80:::1'])(
  'refuses "%s"',
  (text) => {
    expect(parseResolve(text)).toBeUndefined();
  },
);

function addresses(endpoints: string[], resolve: string[], environment: Record<string, string> = {}) {
  const flags = { '--endpoint': endpoints, '--resolve': resolve, '--model': ['m'], '--dataset': ['d'] };
  return addressesOfEach(resolveConfig({ flags: new Map(Object.entries(flags)), environment }));
}

test('each endpoint has the addresses given for its host and port', () => {
  const endpoints = ['http://H:8000/v1', 'https://h', 'unix:/s'];
  expect(addresses(endpoints, ['h:8000:10.0.0.1', 'h:8000:10.0.0.2'])).toEqual([
    ['10.0.0.1', '10.0.0.2'],
    undefined,
    undefined,
  ]);
});

test('addresses that would not be used are refused', () => {
  expect(() => addresses(['http://h:8000'], ['h:80:::1'])).toThrow(
    '--resolve h:80:::1: no --endpoint has the host h with port 80',
  );
  expect(() => addresses(['http://h'], ['h:80:x'])).toThrow('--resolve must be HOST:PORT:ADDRESS[,ADDRESS…]');
  expect(() => addresses(['http://h'], ['h:80:::1'], { HTTP_PROXY: 'http://p' })).toThrow('behind a proxy');
});
