type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children; an attribute that is undefined or false is left out, true stands without a value. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Sets or removes an attribute, as {@link element} would; touches nothing that is so already. */
export function setAttribute(of: Element, name: string, value: Attributes[string]): void {
  if (value === undefined || value === false) of.removeAttribute(name);
  else {
    const text = value === true ? '' : String(value);
    if (of.getAttribute(name) !== text) of.setAttribute(name, text);
  }
}

/** Shows another text, if it is another. */
export function setText(of: Element, text: string): void {
  if (of.textContent !== text) of.textContent = text;
}

/** The element of that id, which the page has. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element #${id}`);
  return found;
}

/** A place for what may be wider than the window: it scrolls by itself, by keyboard too. */
export function scroller(label: string, content: HTMLElement): HTMLElement {
  return element('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 }, content);
}

export interface Column {
  readonly label: string;
  /** Not a number: to the left. */
  readonly isText?: boolean;
}

/** A table whose first column names the rows; kept, and filled anew when something changed. */
export class DataTable {
  readonly element: HTMLElement;
  readonly #columns: readonly Column[];
  readonly #body = element('tbody');
  #shown = '';
  #rows: readonly (readonly string[])[] = [];

  constructor(caption: string, columns: readonly Column[]) {
    this.#columns = columns;
    const head = columns.map(({ label, isText }) =>
      element('th', { scope: 'col', class: isText === true ? 'left' : undefined }, label),
    );
    const table = element(
      'table',
      {},
      element('caption', {}, caption),
      element('thead', {}, element('tr', {}, ...head)),
      this.#body,
    );
    this.element = scroller(caption, table);
  }

  /** As it is shown, to be copied. */
  get text(): { readonly heads: readonly string[]; readonly rows: readonly (readonly string[])[] } {
    return { heads: this.#columns.map(({ label }) => label), rows: this.#rows };
  }

  show(rows: readonly (readonly string[])[]): void {
    const shown = JSON.stringify(rows);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#rows = rows;
    this.#body.replaceChildren(
      ...rows.map((cells) =>
        element(
          'tr',
          {},
          ...cells.map((cell, i) => {
            const isText = this.#columns[i]?.isText === true;
            return i === 0
              ? element('th', { scope: 'row' }, cell)
              : element('td', { class: isText ? 'left wide' : undefined }, cell);
          }),
        ),
      ),
    );
  }
}
