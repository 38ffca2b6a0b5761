import { NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import { durationText } from '../../core/quantity-text.ts';
import { datasetError } from '../../dataset/row.ts';
import { BlockReader } from '../blocks.ts';
import { type Conversation, PLAIN_TURN } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import type { Notes } from '../notes.ts';

const MS_PER_SECOND = 1000;
const BLOCKS = { blockTokens: 16, isLastPartial: true } as const;
const NO_PARENT = -1;
/** Requests that are this far apart on average are rather ms than s. */
const ODD_GAP_SECONDS = 3600;

/**
 * The usage traces of Bailian (Qwen), JSON lines: `timestamp` in seconds, `input_length` of the whole request, 16 tokens an id, and a
 * `parent_chat_id` that makes conversations.
 */
export const BAILIAN: WorkloadFormat = {
  name: 'bailian',
  title: 'Bailian (Qwen) trace',
  recognizes: ({ fields }) => 'chat_id' in fields && 'parent_chat_id' in fields,
  read: readBailian,
};

interface Chat {
  readonly fields: Fields;
  readonly id: number;
  readonly parentId: number;
  readonly seconds: number;
  readonly turn: number;
}

function* readBailian({ source, notes }: Reading): Generator<Conversation> {
  const chats = new Map<number, Chat>();
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    const id = fields.count('chat_id');
    const before = chats.get(id);
    if (before !== undefined) {
      throw datasetError(
        `${fields.place()}: chat_id`,
        `${id} is there twice (first at ${before.fields.place()})`,
      );
    }
    chats.set(id, {
      fields,
      id,
      parentId: fields.count('parent_chat_id', NO_PARENT),
      seconds: fields.number('timestamp', 0),
      turn: fields.countOr('turn', 1, 1),
    });
  }
  noteMilliseconds([...chats.values()], notes);
  const blocks = new BlockReader(BLOCKS, notes);
  const roots = new Map<number, Chat[]>();
  for (const chat of chats.values()) {
    const root = rootOf(chat, chats);
    const members = roots.get(root.id);
    if (members === undefined) roots.set(root.id, [chat]);
    else members.push(chat);
  }
  for (const [rootId, members] of roots) {
    members.sort((a, b) => a.turn - b.turn);
    const first = members[0]!;
    const positions = new Map(members.map(({ id }, position) => [id, position]));
    yield {
      id: String(rootId),
      place: first.fields.place,
      startMs: first.seconds * MS_PER_SECOND,
      history: 'none',
      turns: members.map(({ fields, id, parentId, seconds, turn }) => {
        const parent = chats.get(parentId);
        if (parent !== undefined && seconds < parent.seconds) {
          notes.add(
            fields.place(),
            'a turn is dated before the turn it answers; it is sent when that one has ended',
          );
        }
        if (parent !== undefined && turn !== parent.turn + 1) {
          notes.add(
            fields.place(),
            'the number of the turn does not follow that of its parent',
            `${parent.turn}, then ${turn}`,
          );
        }
        const inputTokens = fields.count('input_length', 1);
        return {
          ...PLAIN_TURN,
          waitsFor: parent === undefined ? [] : [positions.get(parentId)!],
          dueMs: seconds * MS_PER_SECOND,
          inputTokens,
          outputTokens: fields.count('output_length', 1),
          blocks: blocks.read(fields, 'hash_ids', inputTokens),
          facts: {
            ...(fields.has('type') ? { kind: fields.text('type') } : {}),
            chat_id: id,
            ...(parent === undefined && parentId !== NO_PARENT ? { parent_missing: true } : {}),
          },
        };
      }),
      children: [],
    };
  }
}

/** The first of the chain; a parent that is not in the file, as in a part of a trace, begins one. */
function rootOf(chat: Chat, chats: ReadonlyMap<number, Chat>): Chat {
  let root = chat;
  for (let steps = 0; ; steps++) {
    const parent = chats.get(root.parentId);
    if (parent === undefined) return root;
    if (steps > chats.size) {
      throw datasetError(`${chat.fields.place()}: parent_chat_id`, `${chat.id} is its own ancestor`);
    }
    root = parent;
  }
}

function noteMilliseconds(chats: readonly Chat[], notes: Notes): void {
  let earliest = Infinity;
  let latest = -Infinity;
  for (const { seconds } of chats) {
    earliest = Math.min(earliest, seconds);
    latest = Math.max(latest, seconds);
  }
  const span = latest - earliest;
  if (chats.length < 2 || span / (chats.length - 1) < ODD_GAP_SECONDS) return;
  const asMs = durationText(span * NS_PER_MS);
  notes.add(
    chats[1]!.fields.place(),
    'timestamps are seconds in this format, and these are far apart; if they are milliseconds, divide them by 1000',
    `the trace spans ${durationText(span * NS_PER_SECOND)}; as milliseconds it would be ${asMs}`,
  );
}
