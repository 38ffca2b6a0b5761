import { DRAWING_SCRIPT } from './drawing-script.ts';

/**
 * The script of the page, as it stands in it: where the pointer is over one drawing over time, or where the arrow keys moved, a line is
 * drawn in all of them and the values of that moment are told; a stretch of time that is dragged over is shown larger in all of them. The
 * page is whole without it.
 */
export const PAGE_SCRIPT = `
(() => {
  'use strict';
  ${DRAWING_SCRIPT}
  const data = JSON.parse(document.getElementById('series').textContent);
  const section = document.getElementById('over-time');
  const zoom = section.querySelector('.zoom');
  const range = zoom.querySelector('output');
  const last = data.seconds.length - 1;
  const whole = { from: 0, to: data.length };
  const shortest = Math.min(data.length, (4 * data.length) / data.seconds.length);
  const drawings = new Map();
  const readouts = [...section.querySelectorAll('figure')].map((figure) => {
    for (const svg of figure.querySelectorAll('svg')) drawings.set(svg, drawingOf(svg, data, 'shown-' + drawings.size));
    return { element: figure.querySelector('.readout'), chart: data.charts[figure.id] };
  });
  const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
  const rough = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
  let view = whole;
  let index = -1;
  let drag;
  const each = (act) => drawings.forEach(act);
  function look(from, to) {
    const span = Math.min(data.length, Math.max(shortest, to - from));
    const start = Math.min(data.length - span, Math.max(0, (from + to - span) / 2));
    view = { from: start, to: start + span };
    each((drawing) => drawing.show(view));
    zoom.hidden = span >= data.length;
    range.textContent = zoom.hidden ? '' : elapsed(view.from) + ' to ' + elapsed(view.to);
    each((drawing) => drawing.point(data.seconds[index]));
  }
  function show(next) {
    index = next;
    const seconds = data.seconds[index];
    if (seconds < view.from) look(seconds, seconds + view.to - view.from);
    if (seconds > view.to) look(seconds - view.to + view.from, seconds);
    each((drawing) => drawing.point(seconds));
    for (const { element, chart } of readouts) {
      element.replaceChildren(data.times[index] + ' ');
      for (const { name, values, low, high } of chart.lines) {
        const value = values[index];
        const strong = document.createElement('b');
        strong.textContent = value === null ? '–' : number.format(value) + chart.unit;
        const from = low?.[index] ?? null;
        const range = from === null ? '' : '(' + rough.format(from) + ' to ' + rough.format(high[index]) + ') ';
        element.append(' ' + name + ' ', strong, ' ' + range);
      }
    }
  }
  function hide() {
    index = -1;
    each((drawing) => drawing.point(undefined));
    for (const { element } of readouts) element.replaceChildren();
  }
  function endDrag() {
    drag = undefined;
    each((drawing) => drawing.mark(0, 0));
  }
  section.addEventListener('pointerdown', (event) => {
    const svg = event.target.closest('svg');
    if (!svg || event.button !== 0) return;
    drag = { svg, x: event.clientX, from: drawings.get(svg).secondsAt(event.clientX) };
    svg.setPointerCapture(event.pointerId);
  });
  section.addEventListener('pointermove', (event) => {
    const svg = drag?.svg ?? event.target.closest('svg');
    if (!svg) return;
    const seconds = drawings.get(svg).secondsAt(event.clientX);
    let nearest = 0;
    data.seconds.forEach((at, i) => {
      if (Math.abs(at - seconds) < Math.abs(data.seconds[nearest] - seconds)) nearest = i;
    });
    if (nearest !== index) show(nearest);
    if (drag) each((drawing) => drawing.mark(Math.min(drag.from, seconds), Math.max(drag.from, seconds)));
  });
  section.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const { svg, x, from } = drag;
    const to = drawings.get(svg).secondsAt(event.clientX);
    endDrag();
    if (Math.abs(event.clientX - x) > 6) look(Math.min(from, to), Math.max(from, to));
  });
  section.addEventListener('pointercancel', endDrag);
  section.addEventListener('pointerleave', hide);
  section.addEventListener('blur', hide);
  section.addEventListener('dblclick', () => look(0, data.length));
  zoom.querySelector('button').addEventListener('click', () => {
    look(0, data.length);
    section.focus({ preventScroll: true });
  });
  addEventListener('resize', () => each((drawing) => drawing.show(view)));
  const keys = {
    ArrowLeft: () => show(Math.max(0, index < 0 ? 0 : index - 1)),
    ArrowRight: () => show(Math.min(last, index + 1)),
    '+': () => scale(0.5),
    '=': () => scale(0.5),
    '-': () => scale(2),
    Escape: () => look(0, data.length),
  };
  function scale(times) {
    const middle = index < 0 ? (view.from + view.to) / 2 : data.seconds[index];
    const half = ((view.to - view.from) * times) / 2;
    look(middle - half, middle + half);
  }
  section.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
})();
`;
