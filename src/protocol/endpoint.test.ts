import { expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { isUnixSocket, parseEndpoint } from './endpoint.ts';

function inputError(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InferometerError && error.kind === 'input') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const PLAIN = { hostname: 'h', port: 80, tls: false, basePath: '', query: '' };

test.each([
  ['http://h', { ...PLAIN, url: 'http://h' }],
  ['https://H.example/', { ...PLAIN, url: 'https://h.example', hostname: 'h.example', port: 443, tls: true }],
  ['http://h:8000/v1//', { ...PLAIN, url: 'http://h:8000/v1', port: 8000, basePath: '/v1' }],
  ['https://h:80', { ...PLAIN, url: 'https://h:80', tls: true }],
  ['http://[::1]:9', { ...PLAIN, url: 'http://[::1]:9', hostname: '::1', port: 9 }],
  ['http://h/v1/?key=a%20b&x', { ...PLAIN, url: 'http://h/v1', basePath: '/v1', query: '?key=a%20b&x' }],
  ['http://h?', { ...PLAIN, url: 'http://h' }],
])('takes %s apart', (url, wanted) => {
  expect(parseEndpoint(url)).toEqual(wanted);
});

test.each([
  ['', 'must be a URL such as'],
  ['localhost', 'must be a URL such as'],
  ['localhost:8000', '(got the scheme "localhost:")'],
  ['ftp://h', '(got the scheme "ftp:")'],
  ['http://h:99999', 'the port must be at most 65535'],
  ['http://h:99999/v1', 'the port must be at most 65535'],
  ['http://h:0', 'the port must not be 0'],
  ['http://h:-1', 'must be a URL such as'],
  ['http://h/#x', 'must not have a fragment'],
])('refuses the endpoint "%s"', (url, message) => {
  expect(inputError(() => parseEndpoint(url))).toContain(message);
});

test('refuses a user in the URL without telling the password', () => {
  const message = inputError(() => parseEndpoint('http://me:secret@h:8000'));
  expect(message).toContain('--endpoint http://h:8000: it must not hold a user name or password');
  expect(message).not.toContain('secret');
  expect(inputError(() => parseEndpoint('http://me:secret@h:99999'))).not.toContain('secret');
  expect(inputError(() => parseEndpoint('ftp://h/x?api-key=secret'))).not.toContain('secret');
});

const UNIX = { ...PLAIN, hostname: 'localhost' };
const socketPath = '/run/vllm.sock';

test.each([
  ['unix:/run/vllm.sock', { ...UNIX, url: 'unix:/run/vllm.sock', socketPath }],
  ['unix:///run/vllm.sock', { ...UNIX, url: 'unix:/run/vllm.sock', socketPath }],
  ['unix:/run/vllm.sock:', { ...UNIX, url: 'unix:/run/vllm.sock', socketPath }],
  ['unix:/run/vllm.sock:/v1/', { ...UNIX, url: 'unix:/run/vllm.sock:/v1', socketPath, basePath: '/v1' }],
  ['unix:/run/vllm.sock?k=v', { ...UNIX, url: 'unix:/run/vllm.sock', socketPath, query: '?k=v' }],
  [
    'http://unix:/run/vllm.sock:/a b?k=v',
    { ...UNIX, url: 'unix:/run/vllm.sock:/a%20b', socketPath, basePath: '/a%20b', query: '?k=v' },
  ],
  ['HTTPS://unix:/s', { ...UNIX, url: 'https://unix:/s', socketPath: '/s', port: 443, tls: true }],
  ['unix:/a:b/c d.sock', { ...UNIX, url: 'unix:/a:b/c d.sock', socketPath: '/a:b/c d.sock' }],
])('takes the Unix socket %s apart', (url, wanted) => {
  expect(parseEndpoint(url)).toEqual(wanted);
  expect(isUnixSocket(url)).toBe(true);
});

test.each([
  ['unix:', 'must come the whole path of a socket'],
  ['unix:vllm.sock', 'must come the whole path of a socket'],
  ['unix:/run/', 'must come the whole path of a socket'],
  ['unix:/s:/v1#x', 'must not have a fragment'],
  [`unix:/${'s'.repeat(107)}`, '(got 108); use a link'],
])('refuses the Unix socket %s', (url, message) => {
  expect(inputError(() => parseEndpoint(url))).toContain(message);
});

test('a host that is called unix is none', () => {
  expect(isUnixSocket('http://unix/v1')).toBe(false);
  expect(parseEndpoint('http://unix:8000').hostname).toBe('unix');
});
