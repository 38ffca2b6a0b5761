import { MsgpackWriter } from '../transport/msgpack-writer.ts';

/** A key of ours, which the reference's readers pass over: what a record of ours tells beyond its other keys. */
export const EXTRAS_KEY = 'inferometer_extras';

/** The keys of the record map as they stand on the wire. */
export const RECORD_KEYS = {
  eventType: textBytes('event_type'),
  timestampNs: textBytes('timestamp_ns'),
  sampleUuid: textBytes('sample_uuid'),
  conversationId: textBytes('conversation_id'),
  turn: textBytes('turn'),
  data: textBytes('data'),
  finishReason: textBytes('finish_reason'),
  workerId: textBytes('worker_id'),
  extras: textBytes(EXTRAS_KEY),
} as const;

/** How each record of a topic begins, behind the header of the map: the first entry and the key of the second. */
export function recordHead(topic: string): Uint8Array {
  return Buffer.concat([RECORD_KEYS.eventType, textBytes(topic), RECORD_KEYS.timestampNs]);
}

function textBytes(text: string): Uint8Array {
  const writer = new MsgpackWriter();
  writer.text(text);
  return writer.finish();
}
