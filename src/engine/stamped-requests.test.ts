import { expect, test } from 'vitest';
import type { RunId } from '../core/ids.ts';
import { headBeforeLength } from '../protocol/http-request.ts';
import { parseEndpoint } from '../protocol/endpoint.ts';
import { slotsOf } from '../protocol/head-slots.ts';
import { StampedRequests } from './stamped-requests.ts';

function stamped(headers: Record<string, string>, id: string): string {
  const endpoint = parseEndpoint('http://host:80');
  const head = headBeforeLength(endpoint, 'v1', {
    streaming: false,
    runId: '0123456789abcdef' as RunId,
    headers,
  });
  const request = Buffer.from(`${head}2\r\n\r\n{}`, 'latin1');
  const source = { requestBytes: () => request, choicesOf: () => 1 };
  const requests = new StampedRequests(source, () => slotsOf(head), {
    numberOf: () => 7,
    idOf: () => id,
    tokenLineOf: () => 'X-Token: t\r\n',
  });
  return Buffer.from(requests.requestBytes(0, 5)).toString('latin1');
}

test.each(['', 'a', 'talk 12__repeat_3'])('an id of any length takes the place of its slot: %j', (id) => {
  const text = stamped(
    { A: '<{{conversation_id}}>', B: '{{sample}}', C: '{{conversation}}-{{conversation_id}}' },
    id,
  );
  expect(text).toContain(`\r\nA: <${id}>\r\nB: 0123456789abcdef0000000000000005\r\nC: 0000000007-${id}\r\n`);
  expect(text.endsWith('Content-Length: 2\r\n\r\n{}')).toBe(true);
});

test.each(['', 'X-Token: abc\r\n'])('a token has a line of its own, or none: %j', (line) => {
  const endpoint = parseEndpoint('http://host:80');
  const head = headBeforeLength(endpoint, 'v1', { streaming: false, sendsToken: true, headers: { A: 'b' } });
  const request = Buffer.from(`${head}2\r\n\r\n{}`, 'latin1');
  const source = { requestBytes: () => request, choicesOf: () => 1 };
  const conversations = { numberOf: () => 7, idOf: () => 'x', tokenLineOf: () => line };
  const requests = new StampedRequests(source, () => slotsOf(head), conversations);
  const text = Buffer.from(requests.requestBytes(0, 5)).toString('latin1');
  expect(text.endsWith(`\r\nA: b\r\n${line}Content-Length: 2\r\n\r\n{}`)).toBe(true);
});
