import { elapsedStep, elapsedText } from '../charts/elapsed.ts';
import type { ConversationLane, LaneTurn } from '../core/conversation-lanes.ts';
import { countText, durationText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { markup, NOTHING, type Markup } from './markup.ts';

const LANE_HEIGHT = 16;
const BAR_HEIGHT = 10;
const AXIS_HEIGHT = 22;
const OUTCOMES = {
  succeeded: 'succeeded',
  failed: 'failed',
  given_up: 'given up by the end of the run',
  in_flight: 'in flight',
} as const;

interface Size {
  readonly className: string;
  readonly width: number;
  /** For the numbers of the conversations. */
  readonly left: number;
  readonly labels: number;
}
const SIZES: readonly Size[] = [
  { className: 'wide', width: 1040, left: 52, labels: 10 },
  { className: 'narrow', width: 360, left: 40, labels: 4 },
];

/**
 * A lane for each of the conversations that were begun first: what a turn waited for the client, for its first chunk, and for the rest. Nothing for
 * single requests. `startNs`: where time 0 of the page lies.
 */
export function laneSection(lanes: readonly ConversationLane[], startNs: number | undefined): Markup {
  const shown = lanes.filter(({ turns }) => turns.length > 0);
  if (shown.length === 0) return NOTHING;
  const turns = shown.flatMap((lane) => lane.turns);
  const ends = turns.flatMap(({ issued_ns: issued, end_ns: end }) => end ?? issued);
  const fromNs = Math.min(...turns.map(beganNs));
  const toNs = Math.max(fromNs + 1, ...ends);
  const originNs = startNs ?? fromNs;
  const hasWaits = turns.some((turn) => turn.issued_ns > beganNs(turn));
  return markup`<section id="lanes" class="lanes">
    <h2>Conversations over time</h2>
    <figure>
      <figcaption>
        <p>
          The first ${countText(shown.length)}, a line each, from the start of the run. A bar is a turn:
          <b class="first">pale</b> up to its first chunk, <b class="rest">solid</b> to its end,
          <b class="failed">red with a cross</b> if it failed. Between the bars is think time${hasWaits ? markup`, and <b class="wait">a thin line</b> is a turn that was due and not sent yet` : NOTHING}.
        </p>
      </figcaption>
      ${SIZES.map((size) => drawing(shown, { fromNs, toNs, originNs }, size))}
    </figure>
  </section>`;
}

interface Span {
  readonly fromNs: number;
  readonly toNs: number;
  readonly originNs: number;
}

function drawing(lanes: readonly ConversationLane[], span: Span, size: Size): Markup {
  const { fromNs, toNs } = span;
  const { className, width, left } = size;
  const plot = width - left - 10;
  const x = (ns: number) => Number((left + ((ns - fromNs) / (toNs - fromNs)) * plot).toFixed(1));
  const height = lanes.length * LANE_HEIGHT + AXIS_HEIGHT;
  const label = `${countText(lanes.length)} conversations over time, ${durationText(toNs - fromNs)} in all`;
  return markup`<svg class="${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
    ${axis(span, x, size, height - AXIS_HEIGHT)}
    ${lanes.map(({ conversation, turns }, row) => {
      const y = row * LANE_HEIGHT + (LANE_HEIGHT - BAR_HEIGHT) / 2;
      return markup`<text x="${left - 8}" y="${y + BAR_HEIGHT - 1}" text-anchor="end">#${conversation}</text>
        ${turns.map((turn) => bar(turn, conversation, x, y, toNs))}`;
    })}
  </svg>`;
}

function bar(
  turn: LaneTurn,
  conversation: number,
  x: (ns: number) => number,
  y: number,
  toNs: number,
): Markup {
  const { issued_ns: issuedNs, first_chunk_ns: firstNs, end_ns, outcome } = turn;
  const endNs = end_ns ?? toNs;
  const middle = y + BAR_HEIGHT / 2;
  const [due, issued, first, end] = [beganNs(turn), issuedNs, firstNs ?? endNs, endNs].map(x) as [
    number,
    number,
    number,
    number,
  ];
  const failed = outcome === 'failed' ? ' failed' : '';
  const part = (name: string, from: number, to: number) =>
    markup`<rect class="${name}${failed}" x="${from}" y="${y}" width="${Math.max(0.5, Number((to - from).toFixed(1)))}" height="${BAR_HEIGHT}" />`;
  return markup`<g>
    <title>${told(turn, conversation)}</title>
    ${due < issued ? markup`<line class="wait" x1="${due}" x2="${issued}" y1="${middle}" y2="${middle}" />` : NOTHING}
    ${part('first', issued, first)}${end > first ? part('rest', first, end) : NOTHING}
    ${failed === '' ? NOTHING : markup`<path class="cross" d="M${end - 3} ${middle - 3}l6 6m0 -6l-6 6" />`}
  </g>`;
}

function told(turn: LaneTurn, conversation: number): string {
  const { turn: number, issued_ns: issuedNs, first_chunk_ns: firstNs, end_ns: endNs, outcome } = turn;
  const waitedNs = issuedNs - beganNs(turn);
  return [
    `conversation ${conversation}, turn ${number}: ${OUTCOMES[outcome]}`,
    ...(waitedNs > 0 ? [`issue delay ${durationText(waitedNs)}`] : []),
    ...(firstNs === null ? [] : [`TTFT ${durationText(firstNs - issuedNs)}`]),
    ...(endNs === null ? [] : [`latency ${durationText(endNs - issuedNs)}`]),
  ].join(', ');
}

function axis(
  { fromNs, toNs, originNs }: Span,
  x: (ns: number) => number,
  { labels }: Size,
  bottom: number,
): Markup {
  const [from, to] = [fromNs, toNs].map((ns) => (ns - originNs) / NS_PER_SECOND) as [number, number];
  const step = elapsedStep(to - from, labels);
  const first = Math.ceil(from / step);
  const ticks = Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
  return markup`<g class="ticks">
    ${ticks.map((seconds) => {
      const at = x(originNs + seconds * NS_PER_SECOND);
      return markup`<line x1="${at}" x2="${at}" y1="0" y2="${bottom}" /><text x="${at}" y="${bottom + 16}" text-anchor="middle">${elapsedText(seconds)}</text>`;
    })}
  </g>`;
}

function beganNs({ due_ns: dueNs, issued_ns: issuedNs }: LaneTurn): number {
  return dueNs === null ? issuedNs : Math.min(dueNs, issuedNs);
}
