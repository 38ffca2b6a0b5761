import { expect, test } from 'vitest';
import { loadSvgPainter } from '../../src/html/svg-painter.ts';
import { HOSTILE, madeUpPage } from './made-up-page.ts';

const MIB = 2 ** 20;
const paint = await loadSvgPainter();

test('no text of others becomes markup', () => {
  const page = madeUpPage(paint, { hostile: HOSTILE });
  expect(page).toContain('&lt;img src=x');
  expect(page).not.toContain('<img');
  expect(page).not.toContain('<script>document.title');
  // Ours: the values and what reads them.
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page.match(/<\/script>/g)).toHaveLength(2);
});

test('the longest history fits into 2 MB, and a million samples take no more than a thousand', () => {
  const few = madeUpPage(paint, { bins: 600 });
  const many = madeUpPage(paint, { bins: 600, timesEach: 1000 });
  expect(few.length).toBeLessThan(2 * MIB);
  expect(many.length).toBeLessThan(few.length + 0.1 * MIB);
});

test('a run without a history has a page with what there is', () => {
  const page = madeUpPage(paint, { isOld: true });
  expect(page).toContain('id="percentiles"');
  expect(page).toContain('DEGRADED');
  expect(page).not.toContain('<figure');
  expect(page).not.toContain('<script');
});

test('drawings on a page have ids of their own and labels', () => {
  const page = madeUpPage(paint);
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const drawings = page.match(/<svg [^>]*>/g)!;
  expect(drawings.length).toBeGreaterThan(20);
  for (const drawing of drawings) expect(drawing).toMatch(/role="img" aria-label="[^"]{20,}"/);
});
