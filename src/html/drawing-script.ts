/**
 * The part of the page's script that knows one drawing over time: its line at a moment, its brush, and the stretch of the axis it shows.
 * What ECharts drew stays as it is: within the plot it is stretched along the axis, and the labels below are drawn anew.
 */
export const DRAWING_SCRIPT = `
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const LABEL_WIDTH = 76;
function elapsed(seconds) {
  if (seconds < 120) return Number(seconds.toFixed(1)) + ' s';
  const two = (part) => String(part).padStart(2, '0');
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return (hours > 0 ? hours + ':' + two(minutes) : minutes) + ':' + two(whole % 60);
}
function drawingOf(svg, { left, right: rightMargin, bottom: bottomMargin, length }, id) {
  const { width, height } = svg.viewBox.baseVal;
  const top = Number(svg.dataset.top);
  const labels = Number(svg.dataset.labels);
  const right = width - rightMargin;
  const bottom = height - bottomMargin;
  const drawn = [...svg.children];
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const add = (parent, name, attributes) =>
    parent.appendChild(set(document.createElementNS('http://www.w3.org/2000/svg', name), attributes));
  const brush = add(svg, 'rect', { class: 'brush', y: top, height: bottom - top, width: 0 });
  const line = add(svg, 'line', { class: 'crosshair', y1: top, y2: bottom, visibility: 'hidden' });
  let view = { from: 0, to: length };
  let parts;
  const xOf = (seconds) => left + ((seconds - view.from) / (view.to - view.from)) * (right - left);
  /** What was drawn, by what becomes of it; where it stands is known once the drawing is shown. */
  function sorted() {
    const found = { below: [], labels: [] };
    const frame = add(svg, 'g', {});
    found.plot = add(frame, 'g', {});
    found.ticks = add(svg, 'g', { class: 'ticks' });
    const clip = add(add(svg, 'clipPath', { id }), 'rect', { x: left - 1, y: top - 1 });
    set(clip, { width: right - left + 2, height: bottom - top + 2 });
    set(frame, { 'clip-path': 'url(#' + id + ')' });
    const inPlot = [];
    for (const element of drawn) {
      if (!element.getBBox || element.tagName === 'defs') continue;
      const box = element.getBBox();
      const move = element.transform.baseVal.consolidate()?.matrix ?? { e: 0, f: 0 };
      const [x, y] = [box.x + move.e, box.y + move.f];
      const middle = y + box.height / 2;
      if (element.tagName === 'text') {
        if (middle > bottom + 2 && x + box.width > left) found.below.push(element);
        else if (middle < top && middle > top - labels) found.labels.push({ element, x: move.e, y: move.f });
      } else if (element.hasAttribute('clip-path')) inPlot.push(element);
      else if (x > left - 2 && x + box.width < right + 2 && y > top - 2) {
        if (y + box.height < bottom + 2) inPlot.push(element);
        else found.below.push(element);
      }
    }
    if (inPlot.length > 0) svg.insertBefore(frame, inPlot[0]);
    found.plot.append(...inPlot);
    return found;
  }
  function drawTicks(parent) {
    const most = Math.max(3, Math.floor(width / LABEL_WIDTH));
    const step = STEPS.find((one) => (view.to - view.from) / one <= most) ?? 86400;
    for (let i = Math.ceil(view.from / step); i * step <= view.to; i++) {
      const x = xOf(i * step);
      add(parent, 'line', { x1: x, x2: x, y1: bottom, y2: bottom + 5 });
      add(parent, 'text', { x, y: bottom + 19, 'text-anchor': 'middle' }).textContent = elapsed(i * step);
    }
  }
  return {
    secondsAt(clientX) {
      const box = svg.getBoundingClientRect();
      const x = ((clientX - box.left) / box.width) * width;
      const share = Math.min(1, Math.max(0, (x - left) / (right - left)));
      return view.from + share * (view.to - view.from);
    },
    point(seconds) {
      const isShown = seconds >= view.from && seconds <= view.to;
      set(line, isShown ? { x1: xOf(seconds), x2: xOf(seconds), visibility: 'visible' } : { visibility: 'hidden' });
    },
    mark(from, to) {
      set(brush, { x: xOf(from), width: xOf(to) - xOf(from) });
    },
    show(next) {
      if (!parts && next.from === 0 && next.to === length) return;
      if (svg.getClientRects().length === 0) return;
      parts ??= sorted();
      view = next;
      const times = length / (view.to - view.from);
      const isZoomed = times > 1;
      const moved = 'translate(' + (left - times * (left + (view.from / length) * (right - left))) + ' 0) scale(' + times + ' 1)';
      set(parts.plot, { transform: isZoomed ? moved : '', class: isZoomed ? 'zoomed' : '' });
      for (const element of parts.below) element.style.display = isZoomed ? 'none' : '';
      for (const { element, x, y } of parts.labels) {
        const there = xOf(((x - left) / (right - left)) * length);
        set(element, { transform: 'translate(' + there + ' ' + y + ')' });
        element.style.display = there >= left - 1 && there <= right + 1 ? '' : 'none';
      }
      parts.ticks.replaceChildren();
      if (isZoomed) drawTicks(parts.ticks);
    },
  };
}
`;
