import { NS_PER_MS } from '../../core/time.ts';
import { datasetError } from '../../dataset/row.ts';
import { type Conversation, type Message, PLAIN_TURN } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { looksLikeMessages, userMessage } from '../messages.ts';
import { OrderWatch } from '../order-watch.ts';

const ISSUED = 'sample.issued';
const PROMPT = 'PromptData';

/**
 * The events of a run that was measured, ours or one of MLCommons endpoints (`events.jsonl`): every request that was sent, by itself, at the time at which it was
 * issued. The first one is the time 0.
 */
export const EVENTS: WorkloadFormat = {
  name: 'events',
  title: 'events of a measured run',
  recognizes: ({ fields }) => typeof fields.event_type === 'string' && 'timestamp_ns' in fields,
  read: readEvents,
};

function* readEvents({ source, notes }: Reading): Generator<Conversation> {
  const order = new OrderWatch(notes);
  let originNs: number | undefined;
  let index = 0;
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    if (fields.text('event_type') !== ISSUED) continue;
    const timestampNs = fields.number('timestamp_ns');
    originNs ??= timestampNs;
    const dueMs = (timestampNs - originNs) / NS_PER_MS;
    order.add(fields.place(), dueMs);
    const prompt = promptOf(fields);
    if (prompt === undefined) {
      notes.add(
        fields.place(),
        'the prompt of a request was not recorded, such as that of a later turn with a live history; it is left out',
      );
      continue;
    }
    yield {
      id: fields.textOr('sample_uuid', `(row ${index})`),
      place: fields.place,
      startMs: dueMs,
      history: 'none',
      turns: [{ ...PLAIN_TURN, dueMs, ...prompt }],
      children: [],
    };
    index += 1;
  }
  if (originNs === undefined) throw datasetError(source.path, `holds no request: no ${ISSUED} event`);
}

interface Prompt {
  readonly messages: readonly Message[];
  readonly tools?: readonly unknown[];
}

/** `["PromptData", text, token ids, messages, tools, …]`; undefined when it says nothing that can be sent. */
function promptOf(fields: Fields): Prompt | undefined {
  const data = fields.listOr('data');
  if (data.length === 0) return undefined;
  const [tag, text, , messages, tools] = data;
  if (tag !== PROMPT) throw fields.fault('data', `a list that begins with "${PROMPT}"`);
  if (looksLikeMessages(messages)) {
    return { messages: messages as readonly Message[], ...(Array.isArray(tools) ? { tools } : {}) };
  }
  return typeof text === 'string' && text !== '' ? { messages: [userMessage(text)] } : undefined;
}
