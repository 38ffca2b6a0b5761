import { datasetError } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN } from '../conversation.ts';
import { Fields } from '../fields.ts';
import type { Reading, WorkloadFormat } from '../format.ts';
import { messagesOf } from '../messages.ts';

/**
 * Whole request bodies (JSON lines), sent as they stand. In a folder, a file is a conversation whose lines are sent one after the other. Rows with
 * messages look the same, so it must be named.
 */
export const RAW_PAYLOAD: WorkloadFormat = {
  name: 'raw-payload',
  title: 'request bodies',
  recognizes: ({ source, fields }) => source.isFolder && Array.isArray(fields.messages) && !('id' in fields),
  read: readPayloads,
};

function* readPayloads({ source }: Reading): Generator<Conversation> {
  let index = 0;
  for (const file of source.files) {
    let inFile: Conversation | undefined;
    for (const raw of file.rows()) {
      const fields = new Fields(raw.read(), raw.place);
      messagesOf(fields, 'messages');
      const turn = { ...PLAIN_TURN, payload: fields.values };
      if (!source.isFolder) {
        yield {
          id: `(row ${index})`,
          place: fields.place,
          startMs: null,
          history: 'none',
          turns: [turn],
          children: [],
        };
        index += 1;
        continue;
      }
      const turns = inFile?.turns ?? [];
      const next = { ...turn, waitsFor: turns.length === 0 ? [] : [turns.length - 1] };
      inFile = {
        id: `(file ${file.name})`,
        place: inFile?.place ?? fields.place,
        startMs: null,
        history: 'none',
        turns: [...turns, next],
        children: [],
      };
    }
    if (!source.isFolder) continue;
    if (inFile === undefined) throw datasetError(file.path, 'has no rows');
    yield inFile;
  }
}
