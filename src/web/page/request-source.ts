import type { LogReading, RequestPage, RequestQuery, RequestRow } from '../request-table.ts';
import { requestQueryParams } from '../request-query.ts';
import { fetchRequests, isReading } from './api.ts';

const PAGE_ROWS = 100;
/** Pages kept: what is scrolled to and fro. */
const KEPT_PAGES = 40;
/** While a list is scrolled quickly its rows are not asked for. */
const SETTLE_MS = 60;
const LOOK_AGAIN_MS = 400;

export interface RequestSourceListener {
  /** The first rows of another query are here. */
  began(page: RequestPage): void;
  /** Rows came that {@link RequestSource.rowAt} has now. */
  came(): void;
  reading(how: LogReading): void;
  failed(why: string): void;
}

/** The rows of one query, fetched a page at a time as they are looked at; the browser never has all of them. */
export class RequestSource {
  readonly #name: string;
  readonly #listener: RequestSourceListener;
  readonly #pages = new Map<number, readonly RequestRow[]>();
  readonly #asked = new Set<number>();
  #params = new URLSearchParams();
  /** Grows with each query; what belongs to an earlier one is dropped. */
  #turn = 0;
  #settling = 0;

  constructor(name: string, listener: RequestSourceListener) {
    this.#name = name;
    this.#listener = listener;
  }

  /** Goes over to another query. */
  async ask(query: RequestQuery): Promise<void> {
    const turn = ++this.#turn;
    this.#params = requestQueryParams(query);
    this.#pages.clear();
    this.#asked.clear();
    try {
      for (;;) {
        const answer = await fetchRequests(this.#name, this.#params, 0, PAGE_ROWS);
        if (turn !== this.#turn) return;
        if (!isReading(answer)) {
          this.#pages.set(0, answer.rows);
          this.#listener.began(answer);
          return;
        }
        this.#listener.reading(answer);
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        if (turn !== this.#turn) return;
      }
    } catch (error) {
      if (turn === this.#turn) this.#listener.failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Undefined for a row that is not here yet. */
  rowAt(index: number): RequestRow | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Fetches what is missing of these rows once they stay in view. */
  want(first: number, end: number): void {
    clearTimeout(this.#settling);
    const missing: number[] = [];
    for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS < end; page++) {
      if (!this.#pages.has(page) && !this.#asked.has(page)) missing.push(page);
    }
    if (missing.length === 0) return;
    this.#settling = window.setTimeout(() => missing.forEach((page) => void this.#fetch(page)), SETTLE_MS);
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#settling);
  }

  async #fetch(page: number): Promise<void> {
    const turn = this.#turn;
    this.#asked.add(page);
    try {
      const answer = await fetchRequests(this.#name, this.#params, page * PAGE_ROWS, PAGE_ROWS);
      if (turn !== this.#turn || isReading(answer)) return;
      this.#pages.set(page, answer.rows);
      const [oldest] = this.#pages.keys();
      if (this.#pages.size > KEPT_PAGES) this.#pages.delete(oldest!);
      this.#listener.came();
    } catch (error) {
      if (turn === this.#turn) this.#listener.failed(error instanceof Error ? error.message : String(error));
    } finally {
      if (turn === this.#turn) this.#asked.delete(page);
    }
  }
}
