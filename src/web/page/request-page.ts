import { countedText, countText, durationText } from '../../core/quantity-text.ts';
import type { RequestDetail, RequestQuery, ShownText } from '../request-table.ts';
import { requestQueryParams } from '../request-query.ts';
import { fetchRequest, isReading } from './api.ts';
import { chunkStrip } from './chunk-strip.ts';
import { momentText, zoneText } from './clock-text.ts';
import { copyBar } from './copy-bar.ts';
import { DataTable, element } from './dom.ts';
import type { Page } from './page.ts';
import { outcomeText } from './request-cells.ts';
import { addressOf, queryOf, requestAddress } from './requests-page.ts';

const LOOK_AGAIN_MS = 400;

/** One request: its times, prompt, response and errors, and the ways to its neighbours. */
export class RequestPage implements Page {
  readonly title: string;
  readonly #name: string;
  readonly #seq: number;
  readonly #query: RequestQuery;
  readonly element = element(
    'div',
    { class: 'page' },
    element('p', { class: 'muted' }, 'Reading the request …'),
  );
  #shown: RequestDetail | undefined;
  #isClosed = false;

  constructor(name: string, seq: number, params: URLSearchParams) {
    this.title = `Request #${seq} of ${name}`;
    this.#name = name;
    this.#seq = seq;
    this.#query = queryOf(params);
    void this.#load();
  }

  /** To the neighbour in the table, if there is one. */
  step(to: 'previous' | 'next'): void {
    const seq = this.#shown?.[to];
    if (seq !== undefined && seq !== null) location.hash = requestAddress(this.#name, seq, this.#query);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #load(): Promise<void> {
    try {
      for (;;) {
        const found = await fetchRequest(this.#name, this.#seq, requestQueryParams(this.#query));
        if (this.#isClosed) return;
        if (!isReading(found)) {
          this.#shown = found;
          this.element.replaceChildren(...this.#parts(found));
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    } catch (error) {
      this.element.replaceChildren(
        element(
          'div',
          { class: 'card empty' },
          element('h1', {}, 'This request cannot be shown'),
          element('p', {}, error instanceof Error ? error.message : String(error)),
        ),
      );
    }
  }

  #parts(detail: RequestDetail): readonly HTMLElement[] {
    return [
      this.#head(detail),
      this.#facts(detail),
      element('section', { class: 'card' }, element('h2', {}, 'Chunks over time'), chunkStrip(detail)),
      ...(detail.errors.length === 0 ? [] : [errorsCard(detail)]),
      ...(detail.events.length === 0 ? [] : [eventsCard(detail)]),
      promptCard(detail),
      responseCard(detail),
      notRecordedCard(),
    ];
  }

  #head({ row, previous, next, place, found }: RequestDetail): HTMLElement {
    const step = (label: string, seq: number | null, key: string) =>
      seq === null
        ? element('span', { class: 'button small off' }, label)
        : element(
            'a',
            {
              class: 'button small',
              href: requestAddress(this.#name, seq, this.#query),
              title: `${label} (${key})`,
            },
            label,
          );
    const at = place === null ? '' : `${countText(place + 1)} of ${countText(found)}`;
    return element(
      'section',
      { class: 'head' },
      element('h1', {}, `Request #${row.seq}`),
      element('span', { class: 'outcome', 'data-outcome': row.outcome }, outcomeText(row)),
      element('a', { href: addressOf(this.#name, this.#query) }, `Requests of ${this.#name}`),
      row.conversation === null
        ? null
        : element(
            'a',
            {
              href: addressOf(this.#name, {
                sort: 'issued',
                isDescending: false,
                conversation: row.conversation,
              }),
            },
            `Conversation ${row.conversation}`,
          ),
      element(
        'span',
        { class: 'steps' },
        step('Previous', previous, 'p'),
        element('span', { class: 'muted' }, at),
        step('Next', next, 'n'),
      ),
    );
  }

  #facts(detail: RequestDetail): HTMLElement {
    const { row, startedAt } = detail;
    const time = (ns: number | null) => (ns === null ? undefined : durationText(ns));
    const count = (value: number | null) => (value === null ? undefined : countText(value));
    const moment = (ns: number | null) => (ns === null ? undefined : momentText(startedAt, ns));
    const facts: readonly (readonly [string, string | null | undefined])[] = [
      ['Sample id', detail.sampleId],
      ['Endpoint', row.endpoint],
      ['Model', row.model],
      ['Conversation', detail.conversationId ?? count(row.conversation)],
      ['Turn', count(row.turn)],
      ['Dataset row', count(row.datasetRow)],
      ['Attempts', row.attempts > 1 ? count(row.attempts) : null],
      ['Due', moment(detail.dueNs)],
      ['Issued', moment(row.issuedNs)],
      ['Ended', moment(detail.completedNs)],
      ['Issue delay', time(row.issueDelayNs)],
      ['TTFT', time(row.ttftNs)],
      ['TPOT', time(row.tpotNs)],
      ['Latency', time(row.latencyNs)],
      ['Chunks', count(row.chunks)],
      ['Input tokens', count(row.inputTokens)],
      ['of which cached', count(detail.cachedTokens)],
      ['Output tokens', count(row.outputTokens)],
      ['of which reasoning', count(detail.reasoningTokens)],
      ['Finish reason', row.finishReason],
      ['Worker', count(detail.worker)],
    ];
    const known = facts.flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, value] as const],
    );
    return element(
      'section',
      { class: 'card' },
      element(
        'dl',
        { class: 'facts' },
        ...known.map(([name, value]) =>
          element('div', {}, element('dt', {}, name), element('dd', {}, value)),
        ),
      ),
      element(
        'div',
        { class: 'toolbar' },
        element('p', { class: 'muted' }, `Times of day are in ${zoneText()}.`),
        copyBar(() => ({ heads: ['field', 'value'], rows: known })),
      ),
    );
  }
}

function errorsCard({ errors, startedAt }: RequestDetail): HTMLElement {
  const table = new DataTable('Errors', [
    { label: 'at' },
    { label: 'type', isText: true },
    { label: 'message', isText: true },
  ]);
  table.show(
    errors.map(({ atNs, type, message }) => [momentText(startedAt, atNs, false), type, message.text]),
  );
  return element('section', { class: 'card' }, table.element);
}

function eventsCard({ events, startedAt }: RequestDetail): HTMLElement {
  const table = new DataTable('Attempts', [{ label: 'at' }, { label: 'what happened', isText: true }]);
  table.show(events.map(({ atNs, what }) => [momentText(startedAt, atNs, false), what]));
  return element('section', { class: 'card' }, table.element);
}

function promptCard({ prompt, row }: RequestDetail): HTMLElement {
  const title = row.turn === null ? 'Prompt' : 'Prompt, as in the dataset';
  if (prompt === null)
    return textCard(title, element('p', { class: 'muted' }, 'The run log has no prompt for this request.'));
  return textCard(
    title,
    ...prompt.flatMap(({ role, content }) => [
      ...(role === null ? [] : [element('h3', {}, role)]),
      ...textParts(content),
    ]),
  );
}

function responseCard({ response, reasoning, toolCalls }: RequestDetail): HTMLElement {
  const parts = [
    ...part('Reasoning', reasoning),
    ...part(reasoning === null && toolCalls === null ? undefined : 'Content', response),
    ...part('Tool calls', toolCalls),
  ];
  return textCard(
    'Response',
    ...(parts.length === 0
      ? [element('p', { class: 'muted' }, 'The run log has no text of a response to this request.')]
      : parts),
  );
}

function part(title: string | undefined, text: ShownText | null): readonly HTMLElement[] {
  if (text === null) return [];
  return [...(title === undefined ? [] : [element('h3', {}, title)]), ...textParts(text)];
}

function textParts({ text, characters }: ShownText): readonly HTMLElement[] {
  const isCut = text.length < characters;
  return [
    element('pre', { tabindex: 0, class: 'text' }, text),
    ...(isCut
      ? [
          element(
            'p',
            { class: 'muted' },
            `The text goes on: it has ${countedText(characters, 'character')}.`,
          ),
        ]
      : []),
  ];
}

function textCard(title: string, ...content: readonly HTMLElement[]): HTMLElement {
  return element('section', { class: 'card' }, element('h2', {}, title), ...content);
}

function notRecordedCard(): HTMLElement {
  return element(
    'p',
    { class: 'muted' },
    'A run log has no HTTP headers and no connection times of single requests, and no option records them. The headers that a run sends are in its configuration; its connection times are among its percentiles.',
  );
}
