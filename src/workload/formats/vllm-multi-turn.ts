import { datasetError } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Message, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { looksLikeMessages, messagesOf } from '../messages.ts';

/** Conversations of vLLM's multi-turn benchmark (a JSON list): `{id, messages}` with questions and answers in turn. */
export const VLLM_MULTI_TURN: WorkloadFormat = {
  name: 'vllm-multi-turn',
  title: 'vLLM multi-turn conversations',
  recognizes: ({ fields, source }) =>
    source.files[0]?.layout === 'json' &&
    typeof fields.id === 'string' &&
    (looksLikeMessages(fields.messages) || isEmptyList(fields.messages)),
  read: readConversations,
};

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function* readConversations({ source, notes }: Reading): Generator<Conversation> {
  const places = new Map<string, string>();
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    const id = fields.text('id');
    const before = places.get(id);
    if (before !== undefined)
      throw datasetError(`${fields.place()}: id`, `"${id}" is there twice (first at ${before})`);
    places.set(id, fields.place());
    const turns: Turn[] = [];
    let asked: Message[] = [];
    const say = (answer?: unknown) => {
      const recorded = typeof answer === 'string' ? { recorded: { answer } } : {};
      turns.push({
        ...PLAIN_TURN,
        waitsFor: turns.length === 0 ? [] : [turns.length - 1],
        messages: asked,
        ...recorded,
      });
      asked = [];
    };
    for (const [index, message] of messagesOf(fields, 'messages').entries()) {
      const place = `${fields.place()}: messages[${index}]`;
      if (Object.keys(message).some((name) => name !== 'role' && name !== 'content')) {
        notes.add(place, 'a message has fields besides role and content, which vLLM refuses; they are sent');
      }
      if (message.role === 'assistant') {
        if (asked.length > 0) say(message.content);
        else notes.add(place, 'an answer comes before the first question; it is left out');
      } else asked.push(message);
    }
    if (asked.length > 0) say();
    if (turns.length === 0) throw datasetError(`${fields.place()}: messages`, 'nobody asks anything');
    yield { id, place: fields.place, startMs: null, history: 'live', turns, children: [] };
  }
}
