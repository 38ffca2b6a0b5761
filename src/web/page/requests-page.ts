import { countedText, countText } from '../../core/quantity-text.ts';
import { readRequestQuery, requestQueryParams } from '../request-query.ts';
import { REQUEST_SORTS, type LogReading, type RequestPage, type RequestQuery } from '../request-table.ts';
import { fetchRequests, isReading } from './api.ts';
import { zoneText } from './clock-text.ts';
import { copyBar, type TextTable } from './copy-bar.ts';
import { element, setAttribute, setText } from './dom.ts';
import type { Page } from './page.ts';
import { type RequestColumn, requestColumns } from './request-cells.ts';
import { RequestFilters } from './request-filters.ts';
import { RequestSource } from './request-source.ts';
import { VirtualRows } from './virtual-rows.ts';

/** Rows in a table that is copied. */
const COPIED_ROWS = 500;

/** All requests of a run: sorted, filtered and searched by the server, drawn as far as they are in view. */
export class RequestsPage implements Page {
  readonly title: string;
  readonly #name: string;
  readonly #source: RequestSource;
  readonly #filters = new RequestFilters((filters) => this.#ask({ ...sortOf(this.#query), ...filters }));
  readonly #note = element('p', { class: 'muted', role: 'status' });
  readonly #head = element('div', { role: 'row', class: 'row' });
  readonly #rows: VirtualRows;
  readonly element: HTMLElement;
  #query: RequestQuery;
  #columns: readonly RequestColumn[] = [];
  #startedAt: string | null = null;

  constructor(name: string, params: URLSearchParams) {
    this.title = `Requests of ${name}`;
    this.#name = name;
    this.#query = queryOf(params);
    this.#source = new RequestSource(name, {
      began: (page) => this.#begin(page),
      came: () => this.#rows.draw(),
      reading: (how) => this.#showReading(how),
      failed: (why) => setText(this.#note, `Couldn't load the requests: ${why}`),
    });
    this.#rows = new VirtualRows({
      label: 'Requests',
      head: this.#head,
      fill: (row, index) => this.#fill(row, index),
      onSeen: (first, end) => this.#source.want(first, end),
      onOpen: (index) => this.#open(index),
    });
    this.element = element(
      'div',
      { class: 'page' },
      element(
        'section',
        { class: 'head' },
        element('h1', {}, 'Requests'),
        element('a', { href: `#/run/${encodeURIComponent(name)}` }, name),
      ),
      element(
        'section',
        { class: 'card' },
        this.#filters.element,
        element(
          'div',
          { class: 'toolbar' },
          this.#note,
          copyBar(() => this.#copied()),
        ),
        this.#rows.element,
        element(
          'p',
          { class: 'muted hint' },
          `Times of day are in ${zoneText()}. ↑ ↓ and Enter walk the table once it has the focus.`,
        ),
      ),
    );
    this.#filters.set(this.#query);
    setText(this.#note, 'Reading the run log …');
    void this.#source.ask(this.#query);
  }

  focusSearch(): void {
    this.#filters.focus();
  }

  close(): void {
    this.#source.close();
    this.#rows.close();
    this.#filters.close();
  }

  /** Goes over to another query; the address follows, so that it can be copied and comes back with the page. */
  #ask(query: RequestQuery): void {
    this.#query = query;
    history.replaceState(null, '', addressOf(this.#name, query));
    void this.#source.ask(query);
  }

  #begin({ recorded, listed, found, facets, startedAt }: RequestPage): void {
    this.#startedAt = startedAt;
    this.#columns = requestColumns(facets);
    this.#filters.offer(facets, this.#query);
    const of = found === listed ? '' : ` of ${countText(listed)}`;
    const rest =
      listed === recorded ? '' : `; only the first ${countText(listed)} of ${countText(recorded)} are listed`;
    setText(
      this.#note,
      found === listed
        ? `${countedText(found, 'request')}${rest}`
        : `${countText(found)}${of} requests${rest}`,
    );
    this.#showHead();
    this.#rows.show(found);
  }

  #showReading({ bytesRead, bytes }: LogReading): void {
    const percent = bytes === 0 ? 0 : Math.floor((bytesRead / bytes) * 100);
    setText(this.#note, `Reading the run log … ${percent} %`);
  }

  #showHead(): void {
    const widths = this.#columns.map(({ widthRem }) => `minmax(${widthRem}rem, ${widthRem}fr)`).join(' ');
    const wholeRem = this.#columns.reduce((sum, { widthRem }) => sum + widthRem, 0);
    this.#rows.element.style.setProperty('--columns', widths);
    this.#rows.element.style.setProperty('--row-width', `${wholeRem}rem`);
    const { sort: sorted, isDescending } = this.#query;
    this.#head.replaceChildren(
      ...this.#columns.map(({ label, sort, isText, hint }) => {
        const isSorted = sort !== undefined && sort === sorted;
        const cell = element('div', {
          role: 'columnheader',
          class: isText ? 'left' : undefined,
          title: hint,
        });
        setAttribute(cell, 'aria-sort', isSorted ? (isDescending ? 'descending' : 'ascending') : undefined);
        if (sort === undefined) cell.append(label);
        else {
          const arrow = isSorted ? (isDescending ? ' ▼' : ' ▲') : '';
          const button = element('button', { type: 'button', class: 'sort' }, `${label}${arrow}`);
          button.addEventListener('click', () =>
            this.#ask({ ...this.#query, sort, isDescending: isSorted && !isDescending }),
          );
          cell.append(button);
        }
        return cell;
      }),
    );
  }

  #fill(row: HTMLElement, index: number): void {
    const request = this.#source.rowAt(index);
    setAttribute(row, 'data-outcome', request?.outcome);
    while (row.children.length < this.#columns.length) row.append(element('div', { role: 'cell' }));
    this.#columns.forEach(({ text, isText }, i) => {
      const cell = row.children[i]!;
      setAttribute(cell, 'class', isText ? 'left' : undefined);
      const shown = request === undefined ? (i === 0 ? '…' : '') : text(request, this.#startedAt);
      if (i > 0 || request === undefined) {
        setText(cell, shown);
        return;
      }
      const link = cell.querySelector('a') ?? element('a', { tabindex: -1 });
      if (!link.isConnected) cell.replaceChildren(link);
      setAttribute(link, 'href', requestAddress(this.#name, request.seq, this.#query));
      setText(link, shown);
    });
  }

  #open(index: number): void {
    const request = this.#source.rowAt(index);
    if (request !== undefined) location.hash = requestAddress(this.#name, request.seq, this.#query);
  }

  /** The rows found, as many as are copied at once. */
  async #copied(): Promise<TextTable> {
    const answer = await fetchRequests(this.#name, requestQueryParams(this.#query), 0, COPIED_ROWS);
    const rows = isReading(answer) ? [] : answer.rows;
    return {
      heads: this.#columns.map(({ head }) => head),
      rows: rows.map((row) => this.#columns.map(({ plain }) => plain(row, this.#startedAt))),
    };
  }
}

/** The query in an address; as by default where that asks for what there is not. */
export function queryOf(params: URLSearchParams): RequestQuery {
  try {
    return readRequestQuery(params);
  } catch {
    return ALL;
  }
}

/** As they were issued. */
const ALL: RequestQuery = { sort: REQUEST_SORTS[0], isDescending: false };

/** Of the table of a run's requests. */
export function addressOf(name: string, query: RequestQuery = ALL): string {
  return `#/run/${encodeURIComponent(name)}/requests${paramsText(query)}`;
}

/** Of one request, with the table it is in. */
export function requestAddress(name: string, seq: number, query: RequestQuery): string {
  return `#/run/${encodeURIComponent(name)}/request/${seq}${paramsText(query)}`;
}

function paramsText(query: RequestQuery): string {
  const text = requestQueryParams(query).toString();
  return text === '' ? '' : `?${text}`;
}

function sortOf({ sort, isDescending }: RequestQuery): RequestQuery {
  return { sort, isDescending };
}
