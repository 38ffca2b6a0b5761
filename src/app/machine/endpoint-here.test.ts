import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { parseEndpoint } from '../../protocol/endpoint.ts';
import { isEndpointHere } from './endpoint-here.ts';

const OWN = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address, family }) => (family === 'IPv6' ? `[${address.replace(/%.*/, '')}]` : address));

test.each([
  ...[
    'http://localhost:8000/v1',
    'http://127.0.0.1',
    'http://127.8.0.1',
    'http://[::1]:80',
    'unix:/run/x.sock',
  ],
  ...OWN.filter((address) => !address.includes('fe80')).map((address) => `http://${address}`),
])('%s is on this machine', (url) => {
  expect(isEndpointHere(parseEndpoint(url))).toBe(true);
});

test.each(['http://example.com', 'http://192.0.2.1', 'http://[2001:db8::1]', 'http://127.example'])(
  '%s is elsewhere',
  (url) => {
    expect(isEndpointHere(parseEndpoint(url))).toBe(false);
  },
);
