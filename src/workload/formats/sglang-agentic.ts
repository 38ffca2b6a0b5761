import { datasetError } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { messagesOf } from '../messages.ts';

/** What SGLang asks of each turn, since the file does not say. */
const OUTPUT_TOKENS = 220;

/** SGLang's agentic traces (one JSON object): a list of conversations, each a list of turns with the messages that it adds. */
export const SGLANG_AGENTIC: WorkloadFormat = {
  name: 'sglang-agentic',
  title: 'SGLang agentic trace',
  recognizes: ({ fields }) =>
    Array.isArray(fields.conversations) && fields.conversations.every(Array.isArray),
  read: readTrace,
};

function* readTrace({ source, notes }: Reading): Generator<Conversation> {
  let index = 0;
  for (const raw of allRows(source)) {
    const trace = new Fields(raw.read(), raw.place);
    const conversations = trace.list('conversations');
    if (conversations.length === 0)
      throw datasetError(`${trace.place()}: conversations`, 'holds no conversation');
    for (const [number, list] of conversations.entries()) {
      const place = () => `${trace.place()}: conversations[${number}]`;
      const turns: Turn[] = [];
      for (const turn of new Fields({ turns: list }, place).objects('turns')) {
        if (turn.has('messages') && turn.list('messages').length === 0) {
          notes.add(turn.place(), 'a turn without messages is left out');
          continue;
        }
        turns.push({
          ...PLAIN_TURN,
          waitsFor: turns.length === 0 ? [] : [turns.length - 1],
          messages: messagesOf(turn, 'messages'),
          outputTokens: OUTPUT_TOKENS,
        });
      }
      if (turns.length === 0) throw datasetError(place(), 'no turn has a message');
      yield { id: `(${index})`, place, startMs: null, history: 'live', turns, children: [] };
      index += 1;
    }
  }
}
