import { countText, durationText, numberText, percentText, settingText } from '../../core/quantity-text.ts';
import type { LiveRow, LiveView } from '../../live/view-model.ts';
import { isTerminal } from '../../metrics/snapshot.ts';
import { element, setAttribute, setText } from './dom.ts';

interface TileText {
  readonly value: string;
  /** Shown smaller behind the value. */
  readonly unit?: string;
  readonly note: string;
  readonly isAlarming?: boolean;
}

/**
 * The numbers people ask for first. Undefined: there is nothing to show yet, and the tile keeps its place with a dash. Null: the run has no
 * such thing, and so no such tile.
 */
const TILES: readonly (readonly [label: string, text: (view: LiveView) => TileText | undefined | null])[] = [
  ['Throughput', rateText],
  ['Conversations', conversationsText],
  ['In flight', inFlightText],
  ['Succeeded', succeededText],
  ['Failed', failedText],
  ['Good', goodText],
  ['Output tokens', tokensText],
  ['TTFT p50', (view) => quantileText(view, 'TTFT')],
  ['Chunk gap p50', (view) => quantileText(view, 'Chunk gap')],
  ['Latency p50', (view) => quantileText(view, 'Latency')],
];

/** The headline numbers as tiles. */
export class Headline {
  readonly #tiles = TILES.map(([label, text]) => new Tile(label, text));
  readonly element = element(
    'dl',
    { class: 'tiles', 'aria-label': 'Headline numbers' },
    ...this.#tiles.map((tile) => tile.element),
  );

  show(view: LiveView): void {
    for (const tile of this.#tiles) tile.show(view);
  }
}

class Tile {
  readonly #text: (view: LiveView) => TileText | undefined | null;
  readonly #value = element('span');
  readonly #unit = element('small');
  readonly #note = element('dd', { class: 'note' });
  readonly element: HTMLElement;

  constructor(label: string, text: (view: LiveView) => TileText | undefined | null) {
    this.#text = text;
    this.element = element(
      'div',
      { class: 'tile' },
      element('dt', {}, label),
      element('dd', {}, this.#value, ' ', this.#unit),
      this.#note,
    );
  }

  show(view: LiveView): void {
    const text = this.#text(view);
    setAttribute(this.element, 'hidden', text === null);
    const { value, unit = '', note, isAlarming = false } = text ?? { value: '–', note: '' };
    setText(this.#value, value);
    setText(this.#unit, unit);
    setText(this.#note, note);
    setAttribute(this.element, 'data-alarm', isAlarming);
  }
}

function rateText({
  succeededPerSecond,
  requestedRatePerSecond,
  issuedPerSecond,
  replaysTrace,
  conversations,
}: LiveView): TileText | undefined {
  if (succeededPerSecond === null) return undefined;
  return {
    value: numberText(succeededPerSecond),
    unit: '/s',
    note:
      requestedRatePerSecond !== null && conversations === null
        ? `of ${settingText(requestedRatePerSecond)}/s requested${replaysTrace ? ' on average' : ''}`
        : issuedPerSecond === null
          ? ''
          : `${numberText(issuedPerSecond)}/s issued`,
  };
}

/** The load is of conversations: its rate and concurrency stand with them. */
function conversationsText(view: LiveView): TileText | null {
  const { conversations, requestedRatePerSecond: rate } = view;
  if (conversations === null) return null;
  const { completed, failed, underWay } = conversations;
  const isOver = isTerminal(view.state);
  const asked = requestedConcurrencyOf(view);
  const pace =
    asked !== null
      ? [`of ${countText(asked)} requested`]
      : rate !== null && !isOver
        ? [`${settingText(rate)}/s begin`]
        : [];
  const ends = [
    ...(isOver ? [`${countText(underWay)} cut off`] : [`${countText(completed)} completed`]),
    ...(failed === 0 ? [] : [`${countText(failed)} failed`]),
  ];
  return {
    value: countText(isOver ? completed : underWay),
    unit: isOver ? 'completed' : 'under way',
    note: [...pace, ...ends].join(', '),
    isAlarming: failed > 0,
  };
}

function inFlightText(view: LiveView): TileText {
  const asked = view.conversations === null ? requestedConcurrencyOf(view) : null;
  const note = asked === null ? 'now' : `of ${countText(asked)} requested`;
  return { value: countText(view.inFlight), note };
}

/** Nobody asks for any when issuing is over. */
function requestedConcurrencyOf({ state, requestedConcurrency }: LiveView): number | null {
  return state === 'live' ? requestedConcurrency : null;
}

function succeededText({ succeeded, issued, warmingUp }: LiveView): TileText {
  return {
    value: countText(succeeded),
    note: warmingUp ? 'warm-up, not measured' : `of ${countText(issued)} issued`,
  };
}

function failedText({ errored, cancelled, succeeded, errors }: LiveView): TileText {
  const ended = errored + succeeded;
  const [first] = errors;
  const share = errored === 0 || ended === 0 ? [] : [percentText(errored / ended)];
  const type = errored === 0 || first === undefined ? [] : [first.type];
  const rest = cancelled === 0 ? [] : [`${countText(cancelled)} cancelled`];
  return {
    value: countText(errored),
    note: [...share, ...type, ...rest].join(', ') || 'none',
    isAlarming: errored > 0,
  };
}

/** Of a run with a rule for good samples. */
function goodText({ goodput }: LiveView): TileText | undefined | null {
  if (goodput === null) return null;
  const { ended, good, good_per_second: perSecond, rule, parts } = goodput;
  if (ended === 0) return undefined;
  const rate = perSecond === null ? [] : [`${numberText(perSecond)}/s`];
  const shares = parts
    .filter((part) => part.dimension !== 'turn' && part.ended > 0)
    .map((part) => `${part.name} ${percentText(part.good / part.ended)}`);
  const [value, unit] = percentText(good / ended).split(' ');
  return { value: value!, unit: unit ?? '', note: [...rate, ...shares, rule].join('; ') };
}

function tokensText({ outputTokensPerSecond, rows }: LiveView): TileText | undefined {
  if (outputTokensPerSecond === null) return undefined;
  const perAnswer = rows.find(({ series }) => series === 'osl');
  return {
    value: numberText(outputTokensPerSecond),
    unit: '/s',
    note: perAnswer === undefined ? '' : `${countText(perAnswer.p50)} an answer at the median`,
  };
}

function quantileText({ rows }: LiveView, label: LiveRow['label']): TileText | undefined {
  const row = rows.find((one) => one.label === label);
  if (row === undefined) return undefined;
  const [value, unit] = durationText(row.p50).split(' ');
  return { value: value!, ...(unit === undefined ? {} : { unit }), note: `p99 ${durationText(row.p99)}` };
}
