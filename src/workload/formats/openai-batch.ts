import { datasetError, shown } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { messagesOf } from '../messages.ts';

/** Where each API says how long a response may be. */
const LIMITS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;
const CHAT_PATH = '/v1/chat/completions';

/** The input of OpenAI's Batch API (JSON lines): each line is a request with its path and its body, which is sent as it stands. */
export const OPENAI_BATCH: WorkloadFormat = {
  name: 'openai-batch',
  title: 'OpenAI batch file',
  recognizes: ({ fields }) => 'url' in fields && ('custom_id' in fields || 'method' in fields),
  read: readBatch,
};

function* readBatch({ source, notes }: Reading): Generator<Conversation> {
  const places = new Map<string, string>();
  let model: string | undefined;
  let path: string | undefined;
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    const id = fields.text('custom_id');
    const before = places.get(id);
    if (before !== undefined)
      throw datasetError(`${fields.place()}: custom_id`, `"${id}" is there twice (first at ${before})`);
    places.set(id, fields.place());
    if (fields.textOr('method', 'POST') !== 'POST') throw fields.fault('method', 'POST');
    const url = fields.text('url');
    if (!/^\/v1\/[\w/-]+$/.test(url)) {
      throw datasetError(`${fields.place()}: url`, `must be a path such as ${CHAT_PATH} (got ${shown(url)})`);
    }
    const body = new Fields(fields.object('body'), () => `${fields.place()}: body`);
    const rowModel = body.textOr('model', null);
    if (rowModel !== null) {
      model ??= rowModel;
      if (model !== rowModel)
        notes.add(
          fields.place(),
          'the rows name more than one model, which OpenAI refuses; each is sent as it stands',
          `${model} and ${rowModel}`,
        );
    }
    path ??= url;
    if (path !== url)
      notes.add(
        fields.place(),
        'the rows name more than one path, which OpenAI refuses; each is sent to its own',
        `${path} and ${url}`,
      );
    const limit = body.nameOf(...LIMITS);
    yield {
      id,
      place: fields.place,
      startMs: null,
      history: 'none',
      turns: [
        {
          ...PLAIN_TURN,
          outputTokens: limit === undefined ? null : body.count(limit, 1),
          messages: url === CHAT_PATH ? messagesOf(body, 'messages') : null,
          model: rowModel,
          path: url,
          payload: body.values,
        },
      ],
      children: [],
    };
  }
}
