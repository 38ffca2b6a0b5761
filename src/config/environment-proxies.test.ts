import { expect, test } from 'vitest';
import { isExempt, proxiesOfEnvironment } from './environment-proxies.ts';

test.each<[string, number, string, boolean]>([
  ['h.example.com', 80, 'example.com', true],
  ['h.example.com', 80, '.example.com', true],
  ['example.com', 80, '.example.com', true],
  ['h.example.com', 80, 'EXAMPLE.com, other', true],
  ['badexample.com', 80, 'example.com', false],
  ['example.com', 80, 'h.example.com', false],
  ['h', 8000, 'h:8000', true],
  ['h', 8000, 'h:80', false],
  ['h', 80, '*', true],
  ['h', 80, '', false],
  ['localhost', 80, '127.0.0.1', false],
  ['127.0.0.1', 80, 'localhost 127.0.0.1', true],
  ['10.1.2.3', 80, '10.0.0.0/8', true],
  ['11.1.2.3', 80, '10.0.0.0/8', false],
  ['10.1.2.3', 80, '2.3', false],
  ['10.1.2.3', 80, '10.0.0.0/99', false],
  ['::1', 80, '[::1]', true],
  ['::1', 80, '::1', true],
  ['fd00::1', 80, 'fd00::/8', true],
])('%s:%i is exempt by "%s": %s', (host, port, list, expected) => {
  expect(isExempt(host, port, list)).toBe(expected);
});

const ENDPOINTS = ['http://a', 'https://b', 'unix:/run/s.sock'];

test.each<[Record<string, string>, readonly string[] | undefined]>([
  [{}, undefined],
  [{ HTTP_PROXY: '', https_proxy: '' }, undefined],
  [{ NO_PROXY: 'a' }, undefined],
  [{ HTTP_PROXY: 'http://p:3128' }, ['http://p:3128', 'none', 'none']],
  [{ HTTPS_PROXY: 'p:3128' }, ['none', 'http://p:3128', 'none']],
  [{ http_proxy: 'http://low', HTTP_PROXY: 'http://up' }, ['http://low:80', 'none', 'none']],
  [{ http_proxy: 'http://p', https_proxy: 'http://q', no_proxy: 'a' }, ['none', 'http://q:80', 'none']],
  [{ HTTP_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
  [{ HTTP_PROXY: 'socks5://p', NO_PROXY: '*' }, undefined],
  [{ HTTPS_PROXY: 'http://me:p@ss@q:1' }, ['none', 'http://me:p%40ss@q:1', 'none']],
])('proxies by %j', (environment, expected) => {
  expect(proxiesOfEnvironment(ENDPOINTS, environment)).toEqual(expected);
});

test('loopback addresses are no exception', () => {
  expect(proxiesOfEnvironment(['http://127.0.0.1:1'], { HTTP_PROXY: 'http://p' })).toEqual(['http://p:80']);
});

test('a variable that is no proxy is refused by its name, without its value', () => {
  const environment = { HTTPS_PROXY: 'socks5://me:hunter2@p:1' };
  expect(() => proxiesOfEnvironment(ENDPOINTS, environment)).toThrow(
    /^HTTPS_PROXY must be http:\/\/host:port/,
  );
  expect(() => proxiesOfEnvironment(ENDPOINTS, environment)).not.toThrow(/hunter2/);
});
