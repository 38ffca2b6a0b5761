import { datasetError, isRowValues } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';

/** aiperf's inputs.json: `{data: [{session_id, payloads}]}`. The bodies of a session are sent one after the other, as they stand. */
export const AIPERF_INPUTS: WorkloadFormat = {
  name: 'aiperf-inputs',
  title: 'aiperf inputs.json',
  recognizes: ({ fields }) =>
    Array.isArray(fields.data) &&
    isRowValues((fields.data as unknown[])[0]) &&
    'payloads' in ((fields.data as unknown[])[0] as object),
  read: readInputs,
};

function* readInputs({ source }: Reading): Generator<Conversation> {
  const seen = new Set<string>();
  for (const raw of allRows(source)) {
    const file = new Fields(raw.read(), raw.place);
    for (const session of file.objects('data')) {
      const id = session.text('session_id');
      if (seen.has(id)) throw datasetError(`${session.place()}: session_id`, `"${id}" is there twice`);
      seen.add(id);
      session.list('payloads');
      const turns = [...session.objects('payloads')].map(({ values }, position): Turn => ({
        ...PLAIN_TURN,
        waitsFor: position === 0 ? [] : [position - 1],
        payload: values,
      }));
      if (turns.length === 0) throw datasetError(`${session.place()}: payloads`, 'holds no body');
      yield { id, place: session.place, startMs: null, history: 'none', turns, children: [] };
    }
  }
}
