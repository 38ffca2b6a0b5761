import { decodePayload, payloadToJson } from './payload.ts';
import type { RecordFields } from './record-fields.ts';

/**
 * A record as a line of `events.jsonl`, without the line break: the reference's compact JSON, its keys in its order,
 * optional ones only when set, the timestamp a whole number of any size.
 */
export function recordToJsonLine(fields: RecordFields): string {
  const data = fields.data === undefined ? null : payloadToJson(decodePayload(fields.data));
  const optional =
    (fields.finishReason === undefined ? '' : `,"finish_reason":${JSON.stringify(fields.finishReason)}`) +
    (fields.workerId === undefined ? '' : `,"worker_id":${fields.workerId}`);
  return (
    `{"event_type":"${fields.topic}","timestamp_ns":${fields.timestampNs}` +
    `,"sample_uuid":${JSON.stringify(fields.sampleUuid)}` +
    `,"conversation_id":${JSON.stringify(fields.conversationId)}` +
    `,"turn":${fields.turn ?? null},"data":${JSON.stringify(data)}${optional}}`
  );
}
