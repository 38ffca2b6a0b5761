import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTENT, UPDATE } from '../../test/golden/tui/made-up-run.ts';
import type { LiveView } from '../live/view-model.ts';
import type { DashboardContent } from './content.ts';
import { dashboardLines } from './dashboard.ts';
import { lineWidth, plainText } from './paint.ts';

const SMALL = { width: 80, height: 24 };

function screen(content: Partial<DashboardContent>, size = SMALL): string {
  return dashboardLines({ ...CONTENT, ...content }, size)
    .map(plainText)
    .join('\n');
}

function screenOf(view: Partial<LiveView>, content: Partial<DashboardContent> = {}): string {
  return screen({ update: { ...UPDATE, view: { ...UPDATE.view, ...view } }, ...content });
}

describe('screen', () => {
  it('is as large as its terminal, whatever it shows', () => {
    const contents: readonly Partial<DashboardContent>[] = [
      {},
      { update: undefined },
      { update: { ...UPDATE, history: undefined, distributions: {}, verdict: undefined } },
      { page: 'help' },
      { page: 'verdict' },
      { prompt: { kind: 'note', text: 'a note' }, message: 'a message' },
      { controls: undefined, selected: 'issue_delay_ns' },
    ];
    const size = fc.record({
      width: fc.integer({ min: 1, max: 220 }),
      height: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...contents), size, (content, fitted) => {
        const lines = dashboardLines({ ...CONTENT, ...content }, fitted);
        expect(lines).toHaveLength(fitted.height);
        for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(fitted.width);
      }),
    );
  });

  it('keeps the state, the question and the counts longest', () => {
    const low = screen({ prompt: { kind: 'confirm', what: 'stop' } }, { width: 80, height: 3 });
    expect(low).toContain('live · performance');
    expect(low).toContain('drain the 36 in flight');
  });

  it('plots more where there is room', () => {
    const plots = (width: number, height: number) =>
      screen({}, { width, height }).match(/\d values|, max /g)?.length ?? 0;
    expect(plots(80, 24)).toBe(2);
    expect(plots(200, 50)).toBe(12);
    expect(plots(200, 50)).toBeGreaterThan(plots(120, 35));
  });

  it('shows how many samples are good, where there is a rule', () => {
    const goodput = { rule: 'ttft < 500 ms', ended: 90, good: 81, good_per_second: 40.5 };
    const whole = { ...goodput, output_tokens_per_second: 405, parts: [] };
    expect(screenOf({ goodput: whole })).toMatch(/Good +90\.0 %, 40\.5\/s \(ttft < 500 ms\)/);
    expect(screenOf({ goodput: null })).not.toContain('Good');
  });

  it('shows the distribution of the chosen series', () => {
    expect(screen({ selected: 'tpot_ns' })).toMatch(/▸TPOT[^]*\nTPOT {2}3,204 values/);
  });
});

describe('state', () => {
  it.each<[string, Partial<LiveView>]>([
    ['‖ PAUSED', { isPaused: true }],
    ['■ stopping', { isStopping: true }],
    ['○ draining', { state: 'draining' }],
    ['✓ complete', { state: 'complete' }],
    ['✗ interrupted', { state: 'interrupted' }],
    ['● warming up', { warmingUp: true }],
    ['○ starting', { state: 'initialize' }],
  ])('%s', (text, view) => expect(screenOf(view, { controls: undefined })).toContain(text));

  it('is known at once where the run is steered', () => {
    const controls = { isPaused: true, isStopping: false, ratePerSecond: 50, concurrency: null };
    expect(screenOf({}, { controls })).toMatch(/PAUSED[^]*50\/s asked[^]*p resume/);
  });

  it('is that of a run to come before the first snapshot', () =>
    expect(screen({ update: undefined })).toContain('waiting for the run'));
});

it('tells the end of a name that is too long for its line, as long as there is room for a word of it', () => {
  const title = `runs/${'a-long-story-'.repeat(5)}second-try`;
  const first = (width: number) => screen({ title }, { width, height: 24 }).split('\n')[0];
  expect(first(80)).toMatch(/^….*-second-try {2}● live · performance .* to go$/);
  expect(first(50)).toMatch(/^● live · performance .* to go$/);
});

it('does not call a replay live, nor say that its run goes on', () => {
  const watched = screen({ controls: undefined });
  expect(watched).toMatch(/● live · performance[^]*q leave; the run goes on/);
  const replayed = screen({ controls: undefined, isReplay: true });
  expect(replayed).toContain('● replay · performance');
  expect(replayed).not.toContain('the run goes on');
});

it('offers no steering of a run that is over', () => {
  expect(screenOf({ state: 'live' })).toMatch(/p pause/);
  expect(screenOf({ state: 'complete' })).not.toMatch(/p pause/);
});

it('asks in its last line', () => {
  const last = (content: Partial<DashboardContent>) => screen(content).split('\n').at(-1);
  expect(last({ prompt: { kind: 'note', text: 'hi' } })).toContain('note: hi▏');
  expect(last({ prompt: { kind: 'load', text: '5' } })).toContain('arrivals a second: 5▏');
  expect(last({ prompt: { kind: 'confirm', what: 'cancel' } })).toContain('cancel the 36 in flight');
});
