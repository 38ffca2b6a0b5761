export type Theme = 'light' | 'dark';

const KEY = 'inferometer-theme';

/** Light or dark: what was chosen here before, else what the system has; tells whoever draws when it changes. */
export class ThemeSwitch {
  readonly #system = matchMedia('(prefers-color-scheme: dark)');
  readonly #listeners = new Set<() => void>();

  constructor() {
    const chosen = localStorage.getItem(KEY);
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
    this.#system.addEventListener('change', () => this.#tell());
  }

  get current(): Theme {
    const chosen = document.documentElement.dataset.theme;
    if (chosen === 'light' || chosen === 'dark') return chosen;
    return this.#system.matches ? 'dark' : 'light';
  }

  toggle(): void {
    const next = this.current === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEY, next);
    this.#tell();
  }

  /** Returns what takes the listener off again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
