import { countedText, countText, durationText } from '../../core/quantity-text.ts';
import type { RequestDetail } from '../request-table.ts';
import { element, setText } from './dom.ts';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1000;
const HEIGHT = 44;

/** When the chunks of a request came, as lines on one strip from issued to its end; what is at the pointer is told below. */
export function chunkStrip({ row, chunks, chunkCount, completedNs }: RequestDetail): HTMLElement {
  const last = chunks.at(-1);
  if (last === undefined) return element('p', { class: 'muted' }, 'No chunk came.');
  const endNs = Math.max(completedNs ?? 0, last.atNs);
  const spanNs = Math.max(1, endNs - row.issuedNs);
  const xOf = (atNs: number) => ((atNs - row.issuedNs) / spanNs) * WIDTH;
  const strip = document.createElementNS(SVG, 'svg');
  strip.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  strip.setAttribute('preserveAspectRatio', 'none');
  strip.setAttribute('class', 'strip');
  strip.setAttribute('role', 'img');
  const gaps = chunks.slice(1).map(({ atNs }, i) => atNs - chunks[i]!.atNs);
  const longest = Math.max(0, ...gaps);
  const summary = `${countedText(chunkCount, 'chunk')}, the first after ${durationText(chunks[0]!.atNs - row.issuedNs)}${
    gaps.length === 0 ? '' : `, the longest gap ${durationText(longest)}`
  }`;
  strip.setAttribute('aria-label', summary);
  const lines = document.createElementNS(SVG, 'path');
  lines.setAttribute('d', chunks.map(({ atNs }) => `M${xOf(atNs).toFixed(2)} 4V${HEIGHT - 4}`).join(''));
  strip.append(lines);
  const shown = element('p', { class: 'muted', 'aria-live': 'off' }, summary);
  strip.addEventListener('pointermove', (event) => {
    const { left, width } = strip.getBoundingClientRect();
    const atNs = row.issuedNs + ((event.clientX - left) / width) * spanNs;
    const nearest = nearestOf(chunks, atNs);
    const chunk = chunks[nearest]!;
    const gap =
      nearest === 0 ? '' : `, ${durationText(chunk.atNs - chunks[nearest - 1]!.atNs)} after the one before`;
    const kind = [
      ...(chunk.choice > 0 ? [`choice ${chunk.choice}`] : []),
      ...chunk.channels.filter((channel) => channel !== 'content'),
    ].join(', ');
    setText(
      shown,
      `chunk ${countText(nearest + 1)} of ${countText(chunkCount)}: ${durationText(chunk.atNs - row.issuedNs)} after issued${gap}${kind === '' ? '' : ` (${kind})`}`,
    );
  });
  strip.addEventListener('pointerleave', () => setText(shown, summary));
  const rest =
    chunkCount > chunks.length
      ? element('p', { class: 'muted' }, `Only the first ${countText(chunks.length)} chunks are drawn.`)
      : null;
  const box = element('div', { class: 'strip-box' });
  box.append(strip);
  return element(
    'div',
    {},
    box,
    element(
      'div',
      { class: 'strip-ends' },
      element('span', {}, 'issued'),
      element('span', {}, durationText(spanNs)),
    ),
    shown,
    rest,
  );
}

function nearestOf(chunks: RequestDetail['chunks'], atNs: number): number {
  let nearest = 0;
  chunks.forEach((chunk, i) => {
    if (Math.abs(chunk.atNs - atNs) < Math.abs(chunks[nearest]!.atNs - atNs)) nearest = i;
  });
  return nearest;
}
