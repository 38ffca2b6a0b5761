import { EventKind, FINISH_REASONS } from '../../src/core/event-types.ts';
import { errorData, foreignData, outputData, promptData } from './data.ts';
import { ns, type ScriptedLog, seq } from './scripted-log.ts';

/** Every kind of event, data, note and finish reason, and what stands behind the end. */
export const FULL_LOG: ScriptedLog = {
  prompts: [
    { firstRow: 0, prompts: [promptData({ text: 'zero' }), undefined] },
    {
      firstRow: 2,
      prompts: [
        promptData({
          messages: [{ role: 'user', content: 'zwei €' }],
          tools: [{ type: 'function' }],
          chatTemplateKwargs: { thinking: true, budget: null },
          chatTemplate: '{{ x }}',
          toolChoice: 'auto',
        }),
      ],
    },
  ],
  batches: [
    {
      workerId: -1,
      records: [
        { kind: EventKind.sessionStarted, timestampNs: ns(0) },
        { kind: EventKind.sessionStartTracking, timestampNs: ns(1) },
      ],
    },
    {
      workerId: 3,
      records: [
        { kind: EventKind.sampleIssued, timestampNs: ns(10), sampleSeq: seq(0), extras: [9, 2] },
        { kind: EventKind.sampleIssued, timestampNs: ns(11), sampleSeq: seq(1), extras: [9, 1] },
        { kind: EventKind.sampleIssued, timestampNs: ns(12), sampleSeq: seq(2), extras: [9, 77, 3, 1, 4] },
        {
          kind: EventKind.sampleIssued,
          timestampNs: ns(13),
          sampleSeq: seq(2 ** 31),
          data: promptData({ text: 'own', tokenIds: [1, 2] }),
          note: { sampleUuid: 'foreign', conversationId: 'c1', turn: -2, workerId: 9 },
        },
        { kind: EventKind.sampleRecvFirst, timestampNs: ns(20), sampleSeq: seq(0), extras: [1] },
        { kind: EventKind.sampleRecvNonFirst, timestampNs: ns(20), sampleSeq: seq(0), extras: [0] },
        { kind: EventKind.sampleRecvNonFirst, timestampNs: ns(21), sampleSeq: seq(0) },
        ...[undefined, ...FINISH_REASONS, 'odd', ''].map((finishReason, i) => ({
          kind: EventKind.sampleComplete,
          timestampNs: ns(30 + i),
          sampleSeq: seq(0xffff_fffe - i),
          ...(finishReason !== undefined && { finishReason }),
          extras: [NaN, i],
          data: outputData({
            output: ['a', 'b€'],
            reasoning: 'r',
            toolCalls: [[{ index: 0, function: { arguments: '{"x":' } }], [{ index: 0 }]],
          }),
        })),
      ],
    },
    {
      workerId: 0,
      records: [
        ...[EventKind.errorGeneric, EventKind.errorLoadgen, EventKind.errorSession].map((kind) => ({
          kind,
          timestampNs: ns(40),
          sampleSeq: seq(1),
          data: errorData({ errorType: 'timeout', errorMessage: 'no answer' }),
        })),
        {
          kind: EventKind.errorClient,
          timestampNs: ns(41),
          data: foreignData(['ErrorData', 'short'], ['ErrorData', 'short', '']),
        },
        { kind: EventKind.sampleNotSent, timestampNs: ns(42), sampleSeq: seq(4), extras: [30, 0] },
        {
          kind: EventKind.sampleAttemptFailed,
          timestampNs: ns(42),
          sampleSeq: seq(2),
          extras: [1, 500],
          data: errorData({ errorType: 'http_429', errorMessage: 'busy' }),
        },
        { kind: EventKind.sampleRetried, timestampNs: ns(42), sampleSeq: seq(2), extras: [2] },
        {
          kind: EventKind.sampleComplete,
          timestampNs: ns(42),
          sampleSeq: seq(2),
          data: foreignData(['TextModelOutput'], ['TextModelOutput', '', null, null]),
        },
        {
          kind: EventKind.sampleComplete,
          timestampNs: ns(42),
          sampleSeq: seq(3),
          data: foreignData(
            ['TextModelOutput', 'o', null, null, 'of a later version'],
            ['TextModelOutput', 'o', null, null],
          ),
        },
      ],
    },
    {
      workerId: -1,
      records: [
        { kind: EventKind.sessionStopTracking, timestampNs: ns(50) },
        { kind: EventKind.sessionStopLoadgen, timestampNs: ns(51) },
        { kind: EventKind.sessionEnded, timestampNs: ns(2 ** 53 - 1) },
        { kind: EventKind.errorGeneric, timestampNs: ns(53) },
      ],
    },
    { workerId: 0, records: [{ kind: EventKind.errorGeneric, timestampNs: ns(54) }] },
  ],
};
