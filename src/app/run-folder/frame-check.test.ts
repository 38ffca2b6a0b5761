import { describe, expect, it } from 'vitest';
import type { RunId } from '../../core/ids.ts';
import { encodeMessagesFrame } from '../../events/received-messages.ts';
import { FrameKind, type Frame, sealFrame } from '../../transport/frame.ts';
import { frameCheck } from './frame-check.ts';
import { receptionFrame } from './reception.ts';
import { encodeRunHeader, jsonFrame } from './run-header.ts';

const header = (publishers?: readonly string[]): Frame =>
  sealFrame(
    encodeRunHeader({
      ...{ format: 1, run_id: '00112233aabbccdd' as RunId, origin_ns: '5', started_at: '', version: '' },
      ...{ streaming: true, tokenizer: null, requested_rate_per_second: null, planned_samples: null },
      ...{ config: {}, ...(publishers && { publishers }) },
    }),
    FrameKind.runHeader,
    0,
  );
const messages = (publisher: number) =>
  sealFrame(encodeMessagesFrame(publisher, 0n, [Buffer.from('whatever it is')]), FrameKind.messages, 1);
const reception = (bytes: Uint8Array) => sealFrame(bytes, FrameKind.reception, 1);

describe('the check of a frame of what was received', () => {
  it('asks for a publisher of the header, and not what it sent', () => {
    const check = frameCheck();
    check(header(['tcp://127.0.0.1:1']));
    check(messages(0));
    check(reception(receptionFrame({ event: 'publisher_lost', publisher: 0, count: 0 })));
    check(reception(receptionFrame({ event: 'resumed', publisher: null, count: 0 })));
    expect(() => check(messages(1))).toThrow('messages of publisher 1, of 1 in the header');
    expect(() => check(reception(receptionFrame({ event: 'reconnected', publisher: 1, count: 0 })))).toThrow(
      'publisher 1, of 1',
    );
  });

  it('refuses both in a run of our own, and what is neither', () => {
    const check = frameCheck();
    check(header());
    expect(() => check(messages(0))).toThrow('of 0 in the header');
    for (const wrong of [null, {}, { event: 'x', publisher: -1, count: 0 }, { event: 'x', publisher: null }])
      expect(() => check(reception(jsonFrame(wrong)))).toThrow('a reception frame that is none');
    expect(() => check(sealFrame(new Uint8Array(30), FrameKind.messages, 1))).toThrow('no header');
  });

  it('refuses a header with publishers that are none', () => {
    expect(() => frameCheck()(header([]))).toThrow('publishers: a list of 1 to 256 texts');
  });
});
