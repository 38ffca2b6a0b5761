/**
 * The script of the page, as it stands in it: where the pointer is over one drawing over time, or where the arrow keys moved, a line is
 * drawn in all of them and the values of that moment are told under their titles. The page is whole without it.
 */
export const PAGE_SCRIPT = `
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('series').textContent);
  const section = document.getElementById('over-time');
  const figures = [...section.querySelectorAll('figure')].map((element) => ({
    chart: data.charts[element.id],
    readout: element.querySelector('.readout'),
    lines: [...element.querySelectorAll('svg')].map((svg) => {
      const { width, height } = svg.viewBox.baseVal;
      const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      line.setAttribute('class', 'crosshair');
      line.setAttribute('y1', data.top);
      line.setAttribute('y2', height - data.bottom);
      line.style.display = 'none';
      svg.append(line);
      return { svg, line, width };
    }),
  }));
  const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
  let index = -1;
  function show(next) {
    if (next === index) return;
    index = next;
    const seconds = data.seconds[index];
    for (const { chart, readout, lines } of figures) {
      for (const { line, width } of lines) {
        const x = data.left + (seconds / data.length) * (width - data.left - data.right);
        line.setAttribute('x1', x);
        line.setAttribute('x2', x);
        line.style.display = '';
      }
      readout.replaceChildren(data.times[index] + ' ');
      for (const { name, values } of chart.lines) {
        const value = values[index];
        const strong = document.createElement('b');
        strong.textContent = value === null ? '–' : number.format(value) + chart.unit;
        readout.append(' ' + name + ' ', strong, ' ');
      }
    }
  }
  function hide() {
    index = -1;
    for (const { readout, lines } of figures) {
      readout.replaceChildren();
      for (const { line } of lines) line.style.display = 'none';
    }
  }
  section.addEventListener('pointermove', (event) => {
    const svg = event.target.closest('svg');
    if (!svg) return;
    const box = svg.getBoundingClientRect();
    const width = svg.viewBox.baseVal.width;
    const x = ((event.clientX - box.left) / box.width) * width;
    const seconds = ((x - data.left) / (width - data.left - data.right)) * data.length;
    let nearest = 0;
    data.seconds.forEach((at, i) => {
      if (Math.abs(at - seconds) < Math.abs(data.seconds[nearest] - seconds)) nearest = i;
    });
    show(nearest);
  });
  section.addEventListener('pointerleave', hide);
  section.addEventListener('blur', hide);
  section.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(Math.min(data.seconds.length - 1, Math.max(0, index < 0 ? 0 : index + step)));
  });
})();
`;
