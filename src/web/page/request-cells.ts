import { countText, durationText } from '../../core/quantity-text.ts';
import type { RequestFacets, RequestRow, RequestSort } from '../request-table.ts';
import { momentText } from './clock-text.ts';

/** A column of the table of requests. */
export interface RequestColumn {
  readonly label: string;
  readonly sort: RequestSort | undefined;
  readonly widthRem: number;
  readonly isText: boolean;
  /** What its number means, shown at the pointer. */
  readonly hint: string;
  readonly text: (row: RequestRow, startedAt: string | null) => string;
  /** For a table that is copied: its name with the unit, and the plain value. */
  readonly head: string;
  readonly plain: (row: RequestRow, startedAt: string | null) => string;
}

const NONE = '–';

/** Those that tell the requests of a run apart. */
export function requestColumns(facets: RequestFacets): readonly RequestColumn[] {
  return [
    column('Request', 'seq', 5.5, 'number of the request in the run', (row) => `#${row.seq}`, [
      'request',
      (row) => row.seq,
    ]),
    text(
      'Issued',
      'issued',
      7.5,
      'when its first byte was sent',
      (row, at) => momentText(at, row.issuedNs, false),
      ['issued_at', (row, at) => momentText(at, row.issuedNs)],
    ),
    ...(facets.endpoints.length > 0
      ? [text('Endpoint', 'endpoint', 12, 'endpoint it went to', ({ endpoint }) => endpoint)]
      : []),
    ...(facets.models.length > 0
      ? [text('Model', 'model', 8, 'model it asked for', ({ model }) => model)]
      : []),
    ...(facets.hasConversations
      ? [
          count('Conversation', 'conversation', 7, 'number of its conversation', (row) => row.conversation),
          count('Turn', 'turn', 4, 'turn of the conversation, from 1', (row) => row.turn),
        ]
      : []),
    text('Outcome', 'outcome', 8, 'how it ended', outcomeText),
    time('Issue delay', 'issue_delay', 7, 'from due to issued', (row) => row.issueDelayNs),
    time('TTFT', 'ttft', 5.5, 'time to first token', (row) => row.ttftNs),
    time('TPOT', 'tpot', 5.5, 'time per output token after the first', (row) => row.tpotNs),
    time('Latency', 'latency', 5.5, 'from issued to the end', (row) => row.latencyNs),
    count('Chunks', 'chunks', 5, 'pieces of the response', (row) => row.chunks),
    count('Input', 'input_tokens', 5, 'input tokens, as the server counted them', (row) => row.inputTokens),
    count(
      'Output',
      'output_tokens',
      5,
      'output tokens, as the server counted them',
      (row) => row.outputTokens,
    ),
    ...(facets.errors.length > 0
      ? [text('Error', 'error', 12, 'type of its error', (row) => row.error)]
      : []),
    text('Finish', undefined, 6, 'finish reason of the response', (row) => row.finishReason),
  ];
}

/** In words: `succeeded, warm-up`, `failed after 3 attempts`. */
export function outcomeText({ outcome, isMeasured, attempts }: RequestRow): string {
  const words = { errored: 'failed', in_flight: 'not ended', cancelled_by_plan: 'cancelled by plan' };
  const word = outcome in words ? words[outcome as keyof typeof words] : outcome;
  const tries = attempts > 1 ? `, ${countText(attempts)} attempts` : '';
  return `${word}${tries}${isMeasured ? '' : ', warm-up'}`;
}

type Plain = string | number | null;
type Of<T> = (row: RequestRow, startedAt: string | null) => T;

function column(
  label: string,
  sort: RequestSort | undefined,
  widthRem: number,
  hint: string,
  textOf: Of<string>,
  [head, plain]: readonly [string, Of<Plain>],
  isText = false,
): RequestColumn {
  return {
    label,
    sort,
    widthRem,
    isText,
    hint,
    text: textOf,
    head,
    plain: (row, at) => String(plain(row, at) ?? ''),
  };
}

function text(
  label: string,
  sort: RequestSort | undefined,
  widthRem: number,
  hint: string,
  of: Of<string | null>,
  plain: readonly [string, Of<Plain>] = [label.toLowerCase(), of],
): RequestColumn {
  return column(label, sort, widthRem, hint, (row, at) => of(row, at) ?? NONE, plain, true);
}

function time(
  label: string,
  sort: RequestSort,
  widthRem: number,
  hint: string,
  of: Of<number | null>,
): RequestColumn {
  const shown: Of<string> = (row, at) => {
    const ns = of(row, at);
    return ns === null ? NONE : durationText(ns);
  };
  const ms: Of<Plain> = (row, at) => {
    const ns = of(row, at);
    return ns === null ? null : (ns / 1e6).toFixed(3);
  };
  return column(label, sort, widthRem, hint, shown, [`${sort}_ms`, ms]);
}

function count(
  label: string,
  sort: RequestSort,
  widthRem: number,
  hint: string,
  of: Of<number | null>,
): RequestColumn {
  const shown: Of<string> = (row, at) => {
    const value = of(row, at);
    return value === null ? NONE : countText(value);
  };
  return column(label, sort, widthRem, hint, shown, [sort, of]);
}
