import { element, setAttribute } from './dom.ts';

/** Height of a row; the style sheet has the same. */
const ROW_PX = 30;
/** Browsers know no higher elements; a longer list scrolls by more than a pixel a pixel. */
const MOST_PX = 12_000_000;
const SPARE_ROWS = 6;

export interface VirtualRowsOptions {
  readonly label: string;
  /** The row of column heads, which stays on top. */
  readonly head: HTMLElement;
  /** Fills an element with the row of that index. */
  readonly fill: (row: HTMLElement, index: number) => void;
  /** The rows that came to be seen; the last is not one of them. */
  readonly onSeen: (first: number, end: number) => void;
  /** Enter, or a click that is no selection of text. */
  readonly onOpen: (index: number) => void;
}

/**
 * A list of any length of which only the rows in view are elements. Walked by arrows, Page Up and Down, Home and End.
 *
 * No library: those at hand give each row its place in one high element, and browsers end that at some 600,000 rows.
 */
export class VirtualRows {
  readonly element: HTMLElement;
  readonly #options: VirtualRowsOptions;
  readonly #canvas = element('div', { class: 'canvas', role: 'rowgroup' });
  readonly #rows: HTMLElement[] = [];
  readonly #resize = new ResizeObserver(() => this.#place());
  #count = 0;
  #active = 0;
  /** Which index each of the rows shows; -1 for one that is to be filled. */
  #indexes: number[] = [];

  constructor(options: VirtualRowsOptions) {
    this.#options = options;
    this.element = element(
      'div',
      { class: 'virtual', role: 'table', 'aria-label': options.label, tabindex: 0 },
      element('div', { role: 'rowgroup', class: 'heads' }, options.head),
      this.#canvas,
    );
    this.element.addEventListener('scroll', () => this.#place());
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.#canvas.addEventListener('click', (event) => this.#onClick(event));
    this.#resize.observe(this.element);
  }

  /** Another list, from its start. */
  show(count: number): void {
    this.#count = count;
    this.#active = 0;
    setAttribute(this.element, 'aria-rowcount', count + 1);
    this.#canvas.style.setProperty('height', `${Math.min(MOST_PX, count * ROW_PX)}px`);
    this.element.scrollTop = 0;
    this.draw();
  }

  /** Draws the rows in view again: something of them has changed. */
  draw(): void {
    this.#indexes.fill(-1);
    this.#place();
  }

  /** Moves rows that stay in view and fills those that come into it. */
  #place(): void {
    const view = this.#view();
    const { scrollTop } = this.element;
    const top = scrollTop * this.#scale();
    const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
    const end = Math.min(this.#count, Math.ceil((top + view) / ROW_PX) + SPARE_ROWS);
    this.#makeRows(Math.ceil(view / ROW_PX) + 1 + 2 * SPARE_ROWS);
    const { length } = this.#rows;
    for (let at = 0; at < length; at++) {
      // Each index has its row: a step of one changes one.
      const index = first + ((at - (first % length) + length) % length);
      const row = this.#rows[at]!;
      const isHidden = index >= end;
      if (row.hidden !== isHidden) row.hidden = isHidden;
      if (isHidden) continue;
      row.style.setProperty('transform', `translateY(${scrollTop + index * ROW_PX - top}px)`);
      setAttribute(row, 'data-active', index === this.#active);
      if (this.#indexes[at] === index) continue;
      this.#indexes[at] = index;
      setAttribute(row, 'aria-rowindex', index + 2);
      this.#options.fill(row, index);
    }
    this.#options.onSeen(first, end);
  }

  /** As many as a view has room for; a larger one takes more. */
  #makeRows(wanted: number): void {
    if (this.#rows.length >= wanted) return;
    while (this.#rows.length < wanted) {
      const row = element('div', { role: 'row', class: 'row' });
      this.#rows.push(row);
      this.#canvas.append(row);
    }
    this.#indexes = this.#rows.map(() => -1);
  }

  close(): void {
    this.#resize.disconnect();
  }

  /** Of the rows, without the heads. */
  #view(): number {
    return Math.max(ROW_PX, this.element.clientHeight - ROW_PX);
  }

  /** Pixels of the list for one of the scroll bar. */
  #scale(): number {
    const [whole, shown] = [this.#count * ROW_PX, Math.min(MOST_PX, this.#count * ROW_PX)];
    return whole <= shown ? 1 : (whole - this.#view()) / (shown - this.#view());
  }

  #onClick({ target, ctrlKey, metaKey, shiftKey }: MouseEvent): void {
    if (ctrlKey || metaKey || shiftKey || getSelection()?.isCollapsed === false) return;
    const row = target instanceof Element && target.closest('a') === null ? target.closest('.row') : null;
    const at = this.#rows.findIndex((one) => one === row);
    if (at !== -1) this.#options.onOpen(this.#indexes[at]!);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.element) return;
    const page = Math.max(1, Math.floor(this.#view() / ROW_PX) - 1);
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page },
      ...{ Home: -this.#count, End: this.#count },
    };
    if (event.key === 'Enter' && this.#count > 0) this.#options.onOpen(this.#active);
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#active = Math.max(0, Math.min(this.#count - 1, this.#active + step));
    const [top, scale] = [this.#active * ROW_PX, this.#scale()];
    const from = this.element.scrollTop * scale;
    if (top < from) this.element.scrollTop = Math.floor(top / scale);
    else if (top + ROW_PX > from + this.#view())
      this.element.scrollTop = Math.ceil((top + ROW_PX - this.#view()) / scale);
    this.#place();
  }
}
