import type { RequestFacets, RequestQuery } from '../request-table.ts';
import { element, setText } from './dom.ts';

const TYPING_MS = 200;
type TextFilter = 'outcome' | 'endpoint' | 'model' | 'error';
type NumberFilter = 'turn' | 'conversation' | 'minLatencyMs' | 'maxLatencyMs';

/** The search and the filters above the table of requests. */
export class RequestFilters {
  readonly element = element('div', { class: 'filters', role: 'search' });
  readonly #search = element('input', {
    ...{ type: 'search', id: 'search', placeholder: 'Search: number, error, model …' },
    ...{ 'aria-label': 'Search requests', spellcheck: 'false', autocomplete: 'off', maxlength: 200 },
  });
  readonly #selects = new Map<TextFilter, HTMLSelectElement>();
  readonly #numbers = new Map<NumberFilter, HTMLInputElement>();
  readonly #onChange: (change: Partial<RequestQuery>) => void;
  #typing = 0;

  /** `onChange` gets the parts that hold now; a part that is undefined no longer does. */
  constructor(onChange: (filters: Partial<RequestQuery>) => void) {
    this.#onChange = onChange;
    this.#search.addEventListener('input', () => this.#soon());
    const reset = element('button', { type: 'button', class: 'button small' }, 'Reset');
    reset.addEventListener('click', () => {
      this.set({});
      this.#tell();
    });
    this.element.append(
      this.#search,
      this.#select('outcome', 'Outcome'),
      this.#select('endpoint', 'Endpoint'),
      this.#select('model', 'Model'),
      this.#select('error', 'Error'),
      this.#number('conversation', 'Conversation'),
      this.#number('turn', 'Turn'),
      this.#number('minLatencyMs', 'Latency from, ms'),
      this.#number('maxLatencyMs', 'Latency to, ms'),
      reset,
    );
  }

  /** Offers what a run has. */
  offer(facets: RequestFacets, query: RequestQuery): void {
    this.#options('outcome', facets.outcomes.length > 1 ? facets.outcomes : [], query.outcome);
    this.#options('endpoint', facets.endpoints, query.endpoint);
    this.#options('model', facets.models, query.model);
    this.#options('error', facets.errors, query.error);
    for (const name of ['conversation', 'turn'] as const)
      this.#numbers.get(name)!.parentElement!.hidden = !facets.hasConversations;
  }

  /** Shows a query that came from elsewhere, such as the address. */
  set(query: Partial<RequestQuery>): void {
    this.#search.value = query.search ?? '';
    for (const [name, select] of this.#selects) select.value = query[name] ?? '';
    for (const [name, input] of this.#numbers) input.value = query[name]?.toString() ?? '';
  }

  focus(): void {
    this.#search.focus();
  }

  close(): void {
    clearTimeout(this.#typing);
  }

  #select(name: TextFilter, label: string): HTMLElement {
    const select = element('select', { id: `filter-${name}` });
    select.addEventListener('change', () => this.#tell());
    this.#selects.set(name, select);
    const shown = element('label', {}, `${label} `, select);
    shown.hidden = true;
    return shown;
  }

  #options(name: TextFilter, values: readonly string[], chosen: string | undefined): void {
    const select = this.#selects.get(name)!;
    const shown = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
    select.parentElement!.hidden = shown.length === 0;
    const before = [...select.options].map(({ value }) => value).join('\n');
    if (before !== ['', ...shown].join('\n'))
      select.replaceChildren(
        element('option', { value: '' }, 'all'),
        ...shown.map((value) => element('option', { value }, value.replaceAll('_', ' '))),
      );
    select.value = chosen ?? '';
  }

  #number(name: NumberFilter, label: string): HTMLElement {
    const whole = name === 'turn' || name === 'conversation';
    const input = element('input', {
      ...{ type: 'number', min: 0, step: whole ? 1 : 'any', id: `filter-${name}`, class: 'short' },
    });
    input.addEventListener('input', () => this.#soon());
    this.#numbers.set(name, input);
    const text = element('span');
    setText(text, `${label} `);
    return element('label', {}, text, input);
  }

  #soon(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => this.#tell(), TYPING_MS);
  }

  #tell(): void {
    const search = this.#search.value.trim();
    const texts = [...this.#selects].map(([name, { value }]) => [name, value === '' ? undefined : value]);
    const numbers = [...this.#numbers].map(([name, { value, valueAsNumber, validity }]) => [
      name,
      value === '' || !validity.valid ? undefined : valueAsNumber,
    ]);
    this.#onChange({
      ...(Object.fromEntries([...texts, ...numbers]) as Partial<RequestQuery>),
      search: search === '' ? undefined : search,
    });
  }
}
