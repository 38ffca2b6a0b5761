import { describe, expect, it } from 'vitest';
import { EventKind } from '../../core/event-types.ts';
import type { RunId, SampleSeq } from '../../core/ids.ts';
import type { Nanoseconds } from '../../core/time.ts';
import { buildEventBatch } from '../../events/batch-builder.ts';
import type { EventRecord } from '../../events/event-batch.ts';
import { encodeRecordsFrame } from '../../events/read-records.ts';
import { encodeMessagesFrame } from '../../events/received-messages.ts';
import { readLogOrigin } from '../../runlog/log-origin.ts';
import { FrameKind, type Frame, sealFrame } from '../../transport/frame.ts';
import { frameCheck } from './frame-check.ts';
import { receptionFrame } from './reception.ts';
import { decodeRunHeader, encodeRunHeader, jsonFrame } from './run-header.ts';

const header = (publishers?: readonly string[]): Frame =>
  sealFrame(
    encodeRunHeader({
      ...{ format: 1, run_id: '00112233aabbccdd' as RunId, origin_ns: '5', started_at: '', version: '' },
      ...{ streaming: true, tokenizer: null, requested_rate_per_second: null, planned_samples: null },
      config: {},
      ...(publishers && {
        published_by: { addresses: publishers, load_generator: null, missing: [], legacy_qps: false },
      }),
    }),
    FrameKind.runHeader,
    0,
  );
const messages = (publisher: number) =>
  sealFrame(encodeMessagesFrame(publisher, 0n, [Buffer.from('whatever it is')]), FrameKind.messages, 1);
const records = (publisher: number, record: Partial<EventRecord>) => {
  const issued = { kind: EventKind.sampleIssued, timestampNs: 1 as Nanoseconds, note: { sampleUuid: 'a' } };
  const batch = buildEventBatch([{ ...issued, ...record }]);
  return sealFrame(encodeRecordsFrame({ publisher, messages: 1, shiftNs: 0n, batch }), FrameKind.records, 1);
};
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

  it('asks for a publisher of the header, sound columns and a number for each named sample of records that were read', () => {
    const check = frameCheck();
    check(header(['tcp://127.0.0.1:1']));
    check(records(0, { sampleSeq: 4 as SampleSeq }));
    expect(() => check(records(1, {}))).toThrow('records of publisher 1, of 1 in the header');
    expect(() => check(records(0, {}))).toThrow('record 0 with the uuid of a sample and no sample');
    expect(() => check(records(0, { timestampNs: 0.5 as Nanoseconds }))).toThrow('at 0.5 ns');
    expect(() => check(sealFrame(new Uint8Array(30), FrameKind.records, 1))).toThrow('no header');
  });

  it('refuses both in a run of our own, and what is neither', () => {
    const check = frameCheck();
    check(header());
    expect(() => check(messages(0))).toThrow('of 0 in the header');
    for (const wrong of [null, {}, { event: 'x', publisher: -1, count: 0 }, { event: 'x', publisher: null }])
      expect(() => check(reception(jsonFrame(wrong)))).toThrow('a reception frame that is none');
    expect(() => check(sealFrame(new Uint8Array(30), FrameKind.messages, 1))).toThrow('no header');
  });

  it('knows the publishers of a log of an earlier version', () => {
    const { published_by: _, ...fields } = JSON.parse(
      Buffer.from(header(['tcp://127.0.0.1:1']).body).toString(),
    ) as Record<string, unknown>;
    const earlier = (publishers: unknown) =>
      sealFrame(jsonFrame({ ...fields, publishers }), FrameKind.runHeader, 0);
    expect(decodeRunHeader(earlier(['a', 'b'])).published_by?.addresses).toEqual(['a', 'b']);
    expect(readLogOrigin(earlier(['a', 'b'])).publishers).toEqual(['a', 'b']);
    const check = frameCheck();
    check(earlier(['a', 'b']));
    check(messages(1));
    expect(() => check(messages(2))).toThrow('messages of publisher 2, of 2 in the header');
    expect(() => frameCheck()(earlier([]))).toThrow('publishers must be a list of 1 to 256 texts');
    const foreign = { load_generator: 'x', missing: ['y'], legacy_qps: true };
    const { published_by: by } = decodeRunHeader(
      sealFrame(jsonFrame({ ...fields, foreign }), FrameKind.runHeader, 0),
    );
    expect(by).toEqual({ ...foreign, addresses: [] });
  });

  it('refuses a header with publishers that are none', () => {
    const many = Array.from({ length: 257 }, (_, i) => `ipc:///${i}`);
    expect(() => frameCheck()(header(many))).toThrow(
      'published_by must be an object of addresses (up to 256)',
    );
  });
});

describe('the check of readings of power', () => {
  const power = (readings: unknown) =>
    sealFrame(jsonFrame({ at_ns: 1, source: 's', readings, failure: null }), FrameKind.power, 1);

  it('asks for a device and its power in W', () => {
    const check = frameCheck();
    check(power([['gpu0', 312.5]]));
    check(power(null));
    for (const wrong of [undefined, 5, [['gpu0', -1]], [['gpu0', '5']], [[0, 5]], Array(1025).fill(['', 1])])
      expect(() => check(power(wrong))).toThrow('readings of power that are none');
  });
});

describe('the check of a health report', () => {
  const health = (connection_times: unknown) => {
    const numbers = {
      ...{ worker: 0, event_loop_delay_p99_ms: 0, event_loop_delay_max_ms: 0, gc_pause_max_ms: 0 },
      ...{ connections_opened: 1, connect_failures: 0, connection_times },
    };
    frameCheck()(sealFrame(jsonFrame(numbers), FrameKind.health, 1));
  };

  it('takes times of connections that are some', () => {
    health(undefined);
    health({});
    health({ tcp_connect: [120_000, 0], tls_handshake: [], of_later_versions: 'x' });
    expect(() => health([1])).toThrow('connection_times that is no object');
    expect(() => health({ dns_lookup: 5 })).toThrow('dns_lookup that is no list');
    for (const wrong of [-1, 0.5, '1', null]) {
      expect(() => health({ tcp_connect: [wrong] })).toThrow('tcp_connect that is no whole number of ns');
    }
  });
});
