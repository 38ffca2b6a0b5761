import { NS_PER_MS } from '../../core/time.ts';
import { datasetError, shown } from '../../dataset/row.ts';
import type { Conversation } from '../conversation.ts';
import { Fields } from '../fields.ts';
import type { Reading, WorkloadFormat } from '../format.ts';
import { OrderWatch } from '../order-watch.ts';
import { timedRow } from './timed-rows.ts';

const COLUMNS = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'] as const;
const [TIME, INPUT, OUTPUT] = COLUMNS;
/** `2023-11-16 07:41:02.1357900`, `2024-05-10 00:00:01+00:00`: up to nine digits behind the second, an offset or none. */
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?$/;
const NS_DIGITS = 9;

/** The LLM inference traces of Azure (CSV): when a request came, and how many tokens went in and out. The first row is the time 0. */
export const AZURE: WorkloadFormat = {
  name: 'azure',
  title: 'Azure LLM inference trace',
  recognizes: ({ columns }) => COLUMNS.every((name) => columns.includes(name)) || isHeaderless(columns),
  read: readAzure,
};

function isHeaderless(columns: readonly string[]): boolean {
  return columns.length === COLUMNS.length && TIMESTAMP.test(columns[0]!);
}

function* readAzure({ source, notes }: Reading): Generator<Conversation> {
  const order = new OrderWatch(notes);
  let originNs: bigint | undefined;
  let offset: string | undefined;
  let index = 0;
  for (const file of source.files) {
    const hasHeader = !isHeaderless(file.columns);
    if (!hasHeader) {
      notes.add(`${file.path}:1`, `there is no header; the columns are taken for ${COLUMNS.join(', ')}`);
    }
    for (const raw of hasHeader ? file.rows() : file.rowsNamed(COLUMNS)) {
      const fields = new Fields(raw.read(), raw.place, true);
      const time = timeOf(fields);
      originNs ??= time.ns;
      offset ??= time.offset;
      if (time.offset !== offset) {
        notes.add(
          fields.place(),
          'times have different UTC offsets, which are applied',
          `${offset}, then ${time.offset}`,
        );
      }
      const dueMs = Number(time.ns - originNs) / NS_PER_MS;
      order.add(fields.place(), dueMs);
      const inputTokens = fields.count(INPUT);
      const outputTokens = fields.count(OUTPUT);
      const hasFailed = inputTokens === 0 || outputTokens === 0;
      if (hasFailed) {
        notes.add(
          fields.place(),
          'a request of 0 tokens or with 0 tokens of output failed when it was recorded; it is left out of a run',
        );
      }
      yield timedRow(index, fields.place, dueMs, {
        inputTokens,
        outputTokens,
        ...(hasFailed ? { recorded: { hasFailed } } : {}),
      });
      index += 1;
    }
  }
}

function timeOf(fields: Fields): { readonly ns: bigint; readonly offset: string } {
  const text = fields.text(TIME);
  const match = TIMESTAMP.exec(text.trim());
  const [, year, month, day, hour, minute, second, fraction = '', offset = ''] = match ?? [];
  const parts = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3], parts[4], parts[5]);
  const isReal =
    match !== null &&
    new Date(ms).toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  if (!isReal) {
    throw datasetError(
      `${fields.place()}: ${TIME}`,
      `must be a date and a time such as 2023-11-16 07:41:02.1357900 (got ${shown(text)})`,
    );
  }
  const shiftMinutes = offsetMinutes(offset);
  const ns =
    BigInt(ms) * 1_000_000n +
    BigInt(fraction.padEnd(NS_DIGITS, '0')) -
    BigInt(shiftMinutes) * 60_000_000_000n;
  return { ns, offset: offset === '' ? 'none' : offset };
}

function offsetMinutes(offset: string): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(offset);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}
