import type { SlowSample } from '../../core/run-history.ts';
import type { LiveUpdate } from '../../live/live-update.ts';
import { element } from './dom.ts';
import { RunCharts } from './run-charts.ts';
import { Headline } from './headline.ts';
import { RunHead } from './run-head.ts';
import { ErrorsCard, GroupsCard, PercentilesCard, SlowestCard } from './run-tables.ts';
import type { ThemeSwitch } from './theme.ts';
import { VerdictCard } from './verdict-card.ts';

/** A run in full: head, headline, verdict, charts, percentiles, errors. Kept while it goes on; each update changes what changed. */
export class RunView {
  readonly #head = new RunHead();
  readonly #headline = new Headline();
  readonly #verdict = new VerdictCard();
  readonly #charts: RunCharts;
  readonly #percentiles = new PercentilesCard();
  readonly #groups = new GroupsCard();
  readonly #errors = new ErrorsCard();
  readonly #slowest = new SlowestCard();
  readonly parts: readonly HTMLElement[];
  #link: HTMLElement | undefined;

  /** With `controls` below the head. */
  constructor(theme: ThemeSwitch, controls?: HTMLElement) {
    this.#charts = new RunCharts(theme);
    this.parts = [
      ...[
        this.#head.element,
        ...(controls === undefined ? [] : [controls]),
        this.#headline.element,
        this.#verdict.element,
      ],
      ...[this.#percentiles.element, this.#groups.element, this.#errors.element],
      ...[...this.#charts.parts, this.#slowest.element],
    ];
  }

  show({ view, history, distributions, verdict }: LiveUpdate, title: string): void {
    const isOver = view.state === 'complete' || view.state === 'interrupted';
    this.#head.show(view, title);
    this.#headline.show(view);
    this.#verdict.show(verdict, isOver);
    const maxima = Object.fromEntries(view.rows.map(({ series, max }) => [series, max]));
    this.#charts.show([{ name: title, history, distributions, maxima }]);
    this.#percentiles.show(view);
    this.#groups.show(view);
    this.#errors.show(view);
  }

  showSlowest(samples: readonly SlowSample[], startNs: number): void {
    this.#slowest.show(samples, startNs);
  }

  /** A way from the run to more about it, beside its name. */
  link(label: string, href: string): void {
    this.#link?.remove();
    this.#link = element('a', { class: 'button small', href }, label);
    this.#head.element.append(this.#link);
  }

  close(): void {
    this.#charts.close();
  }
}
