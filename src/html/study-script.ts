/**
 * Links the table and the plots of a study: what is pointed at, or has the focus, in one of them is told apart in all. A click keeps it until
 * the next one. The page is whole without it.
 */
export const STUDY_SCRIPT = `
(() => {
  'use strict';
  const all = [...document.querySelectorAll('[data-point]')];
  let kept;
  const mark = (point) => {
    document.body.classList.toggle('picking', point !== undefined);
    for (const element of all) element.classList.toggle('picked', element.dataset.point === point);
  };
  const pointOf = (event) => event.target.closest('[data-point]')?.dataset.point;
  document.addEventListener('pointerover', (event) => mark(pointOf(event) ?? kept));
  document.addEventListener('focusin', (event) => mark(pointOf(event) ?? kept));
  document.addEventListener('click', (event) => {
    if (event.target.closest('a')) return;
    const point = pointOf(event);
    kept = point === kept ? undefined : point;
    mark(kept);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    kept = undefined;
    mark(undefined);
  });
})();
`;
