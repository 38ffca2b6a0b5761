import { markup, NOTHING, type Markup } from './markup.ts';

const WIDTH = 170;
const HEIGHT = 22;
const MIDDLE = HEIGHT / 2;

export interface DrawnInterval {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Shaded to both sides of no difference. */
  readonly margin: number;
  /** The drawing reaches from −reach to +reach; what is beyond is cut, with an arrow. */
  readonly reach: number;
}

/** An interval of differences as a bar with its middle, over the margin; decorative, for its numbers stand beside it. */
export function intervalDrawing({ difference, low, high, margin, reach }: DrawnInterval): Markup {
  const x = (share: number) => {
    const inside = Math.max(-reach, Math.min(reach, share));
    return Number((((inside / reach + 1) / 2) * (WIDTH - 12) + 6).toFixed(1));
  };
  const [left, right] = [x(low), x(high)];
  return markup`<svg
    class="interval"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    aria-hidden="true"
  >
    <rect x="${x(-margin)}" y="0" width="${Math.max(0, x(margin) - x(-margin))}" height="${HEIGHT}" fill="var(--shade)" />
    <line x1="${x(0)}" x2="${x(0)}" y1="0" y2="${HEIGHT}" stroke="var(--axis)" />
    <line x1="${left}" x2="${right}" y1="${MIDDLE}" y2="${MIDDLE}" stroke="var(--level)" stroke-width="3" />
    ${low < -reach ? arrow(left, -1) : NOTHING} ${high > reach ? arrow(right, 1) : NOTHING}
    <circle cx="${x(difference)}" cy="${MIDDLE}" r="4" fill="var(--level)" />
  </svg>`;
}

/** The bar goes on beyond the edge at `x`, to the right (1) or left (−1). */
function arrow(x: number, direction: 1 | -1): Markup {
  const points = `${x + 6 * direction},${MIDDLE} ${x},${MIDDLE - 5} ${x},${MIDDLE + 5}`;
  return markup`<polygon points="${points}" fill="var(--level)" />`;
}
