import { expect, test } from 'vitest';
import type { RunId, SampleSeq } from '../core/ids.ts';
import { sampleUuid } from '../core/ids.ts';
import { parseEndpoint } from './endpoint.ts';
import { conversationSlotText, sampleSlotText, slotsOf } from './head-slots.ts';
import { headBeforeLength, headEncoder, type RequestHead } from './http-request.ts';

const RUN = '0123456789abcdef' as RunId;
const ENDPOINT = parseEndpoint('http://h');

/** The head as sample 4242 of conversation 17 sends it. */
function filled(head: Omit<RequestHead, 'streaming'>): string {
  const given = { streaming: false, runId: RUN, ...head };
  const slots = slotsOf(headBeforeLength(ENDPOINT, 'v1/x', given));
  const bytes = Buffer.from(headEncoder(ENDPOINT, 'v1/x', given)(1234));
  for (const { at, kind } of slots) {
    bytes.write(kind === 'sample' ? sampleSlotText(4242) : conversationSlotText(17), at, 'latin1');
  }
  return bytes.toString();
}

const UUID = sampleUuid(RUN, 4242 as SampleSeq);

test('X-Request-Id is the id of the sample, and the trace of a traceparent', () => {
  const head = filled({ requestId: true, traceparent: true });
  expect(head).toContain(`\r\nX-Request-Id: ${UUID}\r\n`);
  expect(head).toContain(`\r\ntraceparent: 00-${UUID}-01234567${UUID.slice(-8)}-01\r\n`);
  expect(head).toMatch(/^[\x20-\x7e\r\n]*$/);
});

test("the user's headers have the last word, and may name sample and conversation, more than once", () => {
  const headers = { 'x-request-id': 'mine', 'X-A': 'a{{sample}}-{{sample}}b', 'X-B': '{{conversation}}' };
  const head = filled({ requestId: true, headers });
  expect(head).toContain('\r\nx-request-id: mine\r\n');
  expect(head).not.toContain('X-Request-Id');
  expect(head).toContain(`\r\nX-A: a${UUID}-${UUID}b\r\nX-B: 0000000017\r\n`);
});

test('a head that names no sample has no slot', () => {
  expect(slotsOf(headBeforeLength(ENDPOINT, 'v1/x', { streaming: true, runId: RUN }))).toEqual([]);
});

test('an unknown placeholder is refused', () => {
  expect(() => filled({ headers: { X: '{{user}}' } })).toThrow(
    '--header "X": {{user}} must be {{sample}}, {{conversation}} or {{conversation_id}}',
  );
});
