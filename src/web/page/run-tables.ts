import type { SlowSample } from '../../core/run-history.ts';
import { countText, durationText, numberText } from '../../core/quantity-text.ts';
import { clockText } from '../../live/lines.ts';
import type { LiveRow, LiveView } from '../../live/view-model.ts';
import { copyBar } from './copy-bar.ts';
import { DataTable, element } from './dom.ts';

/** A value of a row in its unit. */
export function valueText({ unit }: Pick<LiveRow, 'unit'>, value: number): string {
  return unit === 'ns' ? durationText(value) : countText(value);
}

/** A card around a table, hidden while it is empty. */
class TableCard {
  readonly #table: DataTable;
  readonly element: HTMLElement;

  constructor(table: DataTable) {
    this.#table = table;
    this.element = element(
      'section',
      { class: 'card copied' },
      table.element,
      copyBar(() => table.text),
    );
    this.element.hidden = true;
  }

  show(rows: readonly (readonly string[])[]): void {
    this.#table.show(rows);
    this.element.hidden = rows.length === 0;
  }
}

/** Percentiles of every series. */
export class PercentilesCard {
  readonly #card = new TableCard(
    new DataTable(
      'Percentiles',
      ['', 'p50', 'p90', 'p99', 'p99.9', 'max', 'values'].map((label) => ({ label })),
    ),
  );
  readonly element = this.#card.element;

  show({ rows }: LiveView): void {
    this.#card.show(
      rows.map((row) => [
        row.label,
        ...[row.p50, row.p90, row.p99, row.p999, row.max].map((value) => valueText(row, value)),
        countText(row.count),
      ]),
    );
  }
}

/** Figures by endpoint and by model. */
export class GroupsCard {
  readonly #card = new TableCard(
    new DataTable(
      'By endpoint and model',
      [
        ...['', '', 'issued', 'succeeded', 'failed', 'TTFT p50', 'p99', 'TPOT p50', 'p99'],
        ...['latency p50', 'p99', 'output tokens/s'],
      ].map((label) => ({ label })),
    ),
  );
  readonly element = this.#card.element;

  show({ groups }: LiveView): void {
    this.#card.show(
      groups.map(({ dimension, name, issued, succeeded, errored, outputTokensPerSecond: rate, ...group }) => [
        ...[dimension, name, countText(issued), countText(succeeded), countText(errored)],
        ...[group.ttft, group.tpot, group.latency].flatMap((quantiles) =>
          quantiles === null ? ['–', '–'] : [durationText(quantiles.p50), durationText(quantiles.p99)],
        ),
        rate === null ? '–' : numberText(rate),
      ]),
    );
  }
}

/** Failures by type, most frequent first. */
export class ErrorsCard {
  readonly #card = new TableCard(
    new DataTable('Errors by type', [
      { label: 'type' },
      { label: 'samples' },
      { label: 'example', isText: true },
    ]),
  );
  readonly element = this.#card.element;

  show({ errors }: LiveView): void {
    this.#card.show(errors.map(({ type, count, example }) => [type, countText(count), example]));
  }
}

/** The slowest samples of a run. */
export class SlowestCard {
  readonly #card = new TableCard(
    new DataTable(
      'Slowest samples',
      ['sample', 'issued at', 'issue delay', 'TTFT', 'latency', 'chunks', 'ended'].map((label) => ({
        label,
      })),
    ),
  );
  readonly element = this.#card.element;

  /** `startNs`: where the axis of the charts begins. */
  show(samples: readonly SlowSample[], startNs: number): void {
    this.#card.show(
      samples.map(({ seq, due_ns, issued_ns, ttft_ns, latency_ns, chunks, errored }) => [
        `#${seq}`,
        clockText(issued_ns - startNs),
        due_ns === null ? '–' : durationText(issued_ns - due_ns),
        ttft_ns === null ? '–' : durationText(ttft_ns),
        durationText(latency_ns),
        countText(chunks),
        errored ? 'failed' : 'succeeded',
      ]),
    );
  }
}
