import { datasetError, type RowValues, shown } from '../../dataset/row.ts';
import { type Conversation, type Message, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';

const MS_PER_SECOND = 1000;
const LIMITS = ['max_new_tokens', 'max_completion_tokens'] as const;
/** What the reference asks for where the file says nothing. */
const OUTPUT_TOKENS = 128;
const METADATA = 'dataset_metadata';
/** Goes into a header. */
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * The agentic rows of MLCommons endpoints (JSON lines): one message a row, by `conversation_id` and `turn`. The history is the recorded
 * one: each request holds all rows before it.
 */
export const MLCOMMONS: WorkloadFormat = {
  name: 'mlcommons',
  title: 'MLCommons agentic rows',
  recognizes: ({ fields }) =>
    fields._type === METADATA || ('conversation_id' in fields && 'turn' in fields && 'role' in fields),
  read: readRows,
};

function* readRows({ source }: Reading): Generator<Conversation> {
  const done = new Set<string>();
  let builder: Builder | undefined;
  for (const raw of allRows(source)) {
    const row = new Fields(raw.read(), raw.place);
    if (row.values._type === METADATA) continue;
    const id = row.text('conversation_id');
    if (!PRINTABLE_ASCII.test(id))
      throw row.fault('conversation_id', 'printable ASCII: it is sent in a header');
    if (builder?.id !== id) {
      if (builder !== undefined) yield builder.build();
      if (done.has(id))
        throw datasetError(
          row.place(),
          `the rows of conversation "${id}" must stand together; others came between`,
        );
      done.add(id);
      builder = new Builder(id, row);
    }
    builder.add(row);
  }
  if (builder !== undefined) yield builder.build();
}

/** One conversation, row by row. */
class Builder {
  readonly id: string;
  readonly #first: Fields;
  readonly #sent: Message[] = [];
  readonly #turns: Turn[] = [];
  #tools: readonly unknown[] | undefined;
  #outputTokens: number | undefined;
  /** Of the row before; undefined before the first. */
  #role: string | undefined;
  #openCalls = false;

  constructor(id: string, first: Fields) {
    this.id = id;
    this.#first = first;
  }

  add(row: Fields): void {
    const position = row.count('turn');
    const expected = this.#rows + 1;
    if (position !== expected)
      throw datasetError(
        `${row.place()}: turn`,
        `must be ${expected} (got ${position}); turns count from 1 without gaps`,
      );
    this.#rows = position;
    const role = row.text('role');
    this.#checkTurn(row, role);
    const limit = row.nameOf(...LIMITS);
    if (limit !== undefined) this.#outputTokens ??= row.count(limit, 1);
    if (row.has('tools')) this.#tools ??= row.list('tools');
    if (row.has('system') && !this.#sent.some(isSystem))
      this.#sent.unshift({ role: 'system', content: row.text('system') });
    if (role === 'assistant') this.#sent.push(answerOf(row));
    else {
      if (role === 'tool') this.#sent.push(...resultsOf(row));
      else this.#sent.push({ role, content: row.text('content') });
      this.#ask(row);
    }
    this.#role = role;
    this.#openCalls = role === 'assistant' && row.listOr('tool_calls').length > 0;
  }

  #rows = 0;

  #checkTurn(row: Fields, role: string): void {
    if (role !== 'user' && role !== 'assistant' && role !== 'tool') {
      throw datasetError(`${row.place()}: role`, `must be user, assistant or tool (got ${shown(role)})`);
    }
    const fault =
      this.#role === undefined && role !== 'user'
        ? 'a conversation begins with a row of the user'
        : this.#role === role
          ? `two rows of ${role} follow one another`
          : role === 'tool' && !this.#openCalls
            ? 'a tool answers, but nothing was called'
            : role === 'user' && this.#role === 'tool'
              ? 'a row of the user follows one of a tool; the assistant comes between'
              : role === 'user' && this.#openCalls
                ? 'the calls of the assistant are not answered'
                : undefined;
    if (fault !== undefined) throw datasetError(`${row.place()}: role`, fault);
  }

  #ask(row: Fields): void {
    const delay = row.values.delay_seconds;
    const isDelay = typeof delay === 'number' && delay > 0 && Number.isFinite(delay);
    this.#turns.push({
      ...PLAIN_TURN,
      waitsFor: this.#turns.length === 0 ? [] : [this.#turns.length - 1],
      delayMs: isDelay && this.#turns.length > 0 ? delay * MS_PER_SECOND : null,
      messages: [...this.#sent],
      model: row.textOr('model', null),
      facts: { turn: this.#rows },
    });
  }

  build(): Conversation {
    if (this.#turns.length === 0)
      throw datasetError(this.#first.place(), `conversation "${this.id}" asks nothing`);
    const tools = this.#tools === undefined ? {} : { tools: this.#tools };
    return {
      id: this.id,
      place: this.#first.place,
      startMs: null,
      history: 'recorded',
      turns: this.#turns.map((turn) => ({
        ...turn,
        ...tools,
        outputTokens: this.#outputTokens ?? OUTPUT_TOKENS,
      })),
      children: [],
    };
  }
}

function isSystem({ role }: Message): boolean {
  return role === 'system';
}

function answerOf(row: Fields): Message {
  const answer: Record<string, unknown> = { role: 'assistant', content: row.textOr('content', null) };
  if (row.has('tool_calls')) answer.tool_calls = row.list('tool_calls');
  if (row.has('reasoning_content')) answer.reasoning_content = row.text('reasoning_content');
  return answer;
}

function resultsOf(row: Fields): readonly RowValues[] {
  const results = [...row.objects('tool_results')];
  if (results.length === 0) throw datasetError(`${row.place()}: tool_results`, 'holds no result');
  return results.map((result) => ({
    role: 'tool',
    tool_call_id: result.text('tool_call_id'),
    content: result.values.content ?? '',
  }));
}
