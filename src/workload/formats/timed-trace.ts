import type { Conversation } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { OrderWatch } from '../order-watch.ts';
import { timedRow } from './timed-rows.ts';

const MS_PER_SECOND = 1000;

/**
 * Rows of `timestamp` in seconds, `input_length` and `output_length`, from the earliest on. Looks as a Mooncake trace does, whose times are ms, so
 * it must be named.
 */
export const TIMED_TRACE: WorkloadFormat = {
  name: 'timed-trace',
  title: 'trace of times and lengths, in seconds',
  read: readTrace,
};

function* readTrace({ source, notes }: Reading): Generator<Conversation> {
  const order = new OrderWatch(notes);
  const rows = [...allRows(source)].map((raw) => {
    const fields = new Fields(raw.read(), raw.place, raw.isText);
    const seconds = fields.number('timestamp');
    order.add(fields.place(), seconds * MS_PER_SECOND);
    return { fields, seconds };
  });
  rows.sort((a, b) => a.seconds - b.seconds);
  for (const [index, { fields, seconds }] of rows.entries()) {
    const serviceSeconds = fields.numberOr('duration', 0, null);
    yield timedRow(index, fields.place, (seconds - rows[0]!.seconds) * MS_PER_SECOND, {
      inputTokens: fields.count('input_length', 1),
      outputTokens: fields.count('output_length', 1),
      ...(serviceSeconds === null ? {} : { recorded: { serviceMs: serviceSeconds * MS_PER_SECOND } }),
    });
  }
}
