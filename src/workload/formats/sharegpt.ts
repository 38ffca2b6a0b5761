import { datasetError, isRowValues, type RawRow, shown } from '../../dataset/row.ts';
import { type Conversation, type Message, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import type { Notes } from '../notes.ts';

const LISTS = ['conversations', 'conversation'] as const;
const SPEAKERS: Readonly<Record<string, 'user' | 'assistant' | 'system' | 'tool'>> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  claude: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
  system: 'system',
  developer: 'system',
  tool: 'tool',
};
/** vLLM and SGLang leave out what is shorter, in tokens; a word is at least one. */
const USUAL_LEAST_WORDS = 4;

/** ShareGPT conversations (JSON, or a conversation a line): `{from, value}` or `{role, content}`, by whoever spoke. */
export const SHAREGPT: WorkloadFormat = {
  name: 'sharegpt',
  title: 'ShareGPT conversations',
  recognizes: ({ fields }) =>
    LISTS.some((name) => Array.isArray(fields[name]) && (fields[name] as unknown[]).every(isSpeech)),
  read: readShareGpt,
};

function isSpeech(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (isRowValues(value) && ['from', 'role', 'value', 'content'].some((name) => name in value))
  );
}

function* readShareGpt({ source, notes }: Reading): Generator<Conversation> {
  let index = 0;
  for (const raw of allRows(source)) {
    const fields = new Fields(unpacked(raw), raw.place);
    const name = fields.nameOf(...LISTS);
    if (name === undefined) throw datasetError(fields.place(), 'has no list of conversations');
    const id = fields.has('id') ? String(fields.values.id) : `(row ${index})`;
    yield talkOf(id, fields, name, notes);
    index += 1;
  }
}

/** Some files hold each conversation as JSON within JSON. */
function unpacked(raw: RawRow): unknown {
  const value = raw.read();
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch (cause) {
    throw datasetError(raw.place(), `must be a conversation, an object (got ${shown(value)})`, { cause });
  }
}

function talkOf(id: string, fields: Fields, name: string, notes: Notes): Conversation {
  const turns: Turn[] = [];
  let asked: Message[] = [];
  let system: string | undefined;
  let droppedAnswers = 0;
  let isShort = false;
  const say = (answer?: string) => {
    turns.push({
      ...PLAIN_TURN,
      waitsFor: turns.length === 0 ? [] : [turns.length - 1],
      messages: asked,
      ...(answer === undefined ? {} : { recorded: { answer } }),
    });
    asked = [];
  };
  for (const [index, speech] of [...fields.objects(name)].entries()) {
    // Without names, as in SGLang's custom files, they speak in turn.
    const speaker =
      speech.textOr('from', undefined) ?? speech.textOr('role', index % 2 === 0 ? 'user' : 'assistant');
    const role = SPEAKERS[speaker.toLowerCase()];
    if (role === undefined) {
      throw datasetError(
        `${speech.place()}: from`,
        `must be one of ${Object.keys(SPEAKERS).join(', ')} (got ${shown(speaker)})`,
      );
    }
    const text = textOf(speech);
    isShort ||=
      text.split(/\s+/, USUAL_LEAST_WORDS).length < USUAL_LEAST_WORDS &&
      (role === 'user' || role === 'assistant');
    if (role === 'system') {
      if (turns.length === 0 && asked.length === 0 && system === undefined) system = text;
      else asked.push({ role, content: text });
    } else if (role === 'assistant') {
      if (asked.length > 0) say(text);
      else droppedAnswers += 1;
    } else asked.push({ role, content: text });
  }
  if (asked.length > 0) say();
  if (turns.length === 0) throw datasetError(`${fields.place()}: ${name}`, 'nobody asks anything');
  if (droppedAnswers > 0)
    notes.add(fields.place(), 'answers before the first question, or without one, are left out');
  if (isShort) {
    notes.add(
      fields.place(),
      `a question or an answer has fewer than ${USUAL_LEAST_WORDS} words; other tools leave out such conversations, this one sends them`,
    );
  }
  return {
    id,
    place: fields.place,
    startMs: null,
    history: 'live',
    ...(system === undefined ? {} : { system }),
    turns,
    children: [],
    ...(droppedAnswers > 0 ? { facts: { leading_answers_dropped: droppedAnswers } } : {}),
  };
}

/** An empty answer is one; an empty question is not. */
function textOf(speech: Fields): string {
  const name = 'content' in speech.values ? 'content' : 'value';
  const text = speech.values[name];
  if (typeof text === 'string') return text;
  throw speech.fault(name, 'text');
}
