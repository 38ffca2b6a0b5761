import { describe, expect, it } from 'vitest';
import type { ControlState } from '../live/run-controls.ts';
import {
  FIRST_STATE,
  pressKey,
  type KeyContext,
  type KeyPress,
  type ScreenState,
  type Wish,
} from './keys.ts';

const OPEN_LOOP: ControlState = { isPaused: false, isStopping: false, ratePerSecond: 40, concurrency: null };
const CLOSED_LOOP: ControlState = { ...OPEN_LOOP, ratePerSecond: null, concurrency: 4 };
const SERIES = ['ttft_ns', 'tpot_ns', 'issue_delay_ns'] as const;

const NAMED: Readonly<Record<string, KeyPress>> = {
  '⏎': { key: 'enter' },
  '⎋': { key: 'escape' },
  '⌫': { key: 'backspace' },
  '↓': { key: 'next' },
  '↑': { key: 'previous' },
  '^': { key: 'ctrl-c' },
};

/** What keys lead to, one character a key. */
function press(keys: string, controls: ControlState | undefined = OPEN_LOOP) {
  const context: KeyContext = { controls, series: SERIES };
  const wishes: Wish[] = [];
  let state: ScreenState = FIRST_STATE;
  for (const character of keys) {
    const outcome = pressKey(state, NAMED[character] ?? { key: 'text', text: character }, context);
    state = outcome.state;
    if (outcome.wish !== undefined) wishes.push(outcome.wish);
  }
  return { state, wishes };
}

/** As typed into a run that is only watched. */
const watch = (keys: string) => {
  const context: KeyContext = { controls: undefined, series: SERIES };
  return pressKey(FIRST_STATE, NAMED[keys] ?? { key: 'text', text: keys }, context).wish;
};

describe('steering', () => {
  it('pauses and resumes', () => {
    expect(press('p').wishes).toEqual([{ kind: 'pause' }]);
    expect(press('p', { ...OPEN_LOOP, isPaused: true }).wishes).toEqual([{ kind: 'resume' }]);
  });

  it('changes the rate by a tenth', () => {
    expect(press('+').wishes).toEqual([{ kind: 'rate', value: 44 }]);
    expect(press('-').wishes).toEqual([{ kind: 'rate', value: 36.4 }]);
  });

  it('changes the concurrency by a tenth, by one at least, and not below one', () => {
    const after = (keys: string, concurrency: number) => press(keys, { ...CLOSED_LOOP, concurrency }).wishes;
    expect(after('+', 4)).toEqual([{ kind: 'concurrency', value: 5 }]);
    expect(after('-', 4)).toEqual([{ kind: 'concurrency', value: 3 }]);
    expect(after('+', 100)).toEqual([{ kind: 'concurrency', value: 110 }]);
    expect(after('-', 1)).toEqual([{ kind: 'concurrency', value: 1 }]);
  });

  it('has nothing to change in a burst', () => {
    const burst = { ...OPEN_LOOP, ratePerSecond: null };
    expect(press('+', burst).wishes[0]).toMatchObject({ kind: 'refuse' });
    expect(press('r', burst).wishes[0]).toMatchObject({ kind: 'refuse' });
  });

  it('takes a number that is typed in', () => {
    expect(press('r12.59⌫⏎').wishes).toEqual([{ kind: 'rate', value: 12.5 }]);
    expect(press('r8⏎', CLOSED_LOOP).wishes).toEqual([{ kind: 'concurrency', value: 8 }]);
    expect(press('r-3⏎').wishes[0]).toMatchObject({ kind: 'refuse' });
    expect(press('r2.5⏎', CLOSED_LOOP).wishes[0]).toMatchObject({ kind: 'refuse' });
    expect(press('r⏎').wishes).toEqual([]);
    expect(press('r7⎋').wishes).toEqual([]);
  });

  it('marks a moment with a note, in which no key is a command', () => {
    expect(press('mstop?⏎').wishes).toEqual([{ kind: 'note', text: 'stop?' }]);
    expect(press('mé⌫⌫x⏎').wishes).toEqual([{ kind: 'note', text: 'x' }]);
    expect(press('m ⏎').wishes).toEqual([]);
    expect(press('mabc').state.prompt).toEqual({ kind: 'note', text: 'abc' });
  });

  it('asks before it stops, and then before it cancels', () => {
    expect(press('s').wishes).toEqual([]);
    expect(press('sn').wishes).toEqual([]);
    expect(press('s⎋').state.prompt).toBeUndefined();
    for (const keys of ['sy', 'ss', 'qq', 's⏎']) expect(press(keys).wishes).toEqual([{ kind: 'stop' }]);
    expect(press('sy', { ...OPEN_LOOP, isStopping: true }).wishes).toEqual([{ kind: 'cancel' }]);
  });

  it('hands Ctrl-C on, whatever is being asked', () => {
    for (const keys of ['^', 'm^', 's^', '?^']) expect(press(keys).wishes).toEqual([{ kind: 'interrupt' }]);
  });
});

describe('viewing', () => {
  it('goes through the series and around', () => {
    expect(press('↓').state.selected).toBe('tpot_ns');
    expect(press('↓↓↓').state.selected).toBe('ttft_ns');
    expect(press('↑').state.selected).toBe('issue_delay_ns');
  });

  it('opens pages, and any key closes them without a further meaning', () => {
    expect(press('?').state.page).toBe('help');
    expect(press('v').state.page).toBe('verdict');
    expect(press('?p')).toEqual({ state: FIRST_STATE, wishes: [] });
  });
});

describe('watching', () => {
  it('leaves, and steers nothing', () => {
    for (const keys of ['q', '⎋']) expect(watch(keys)).toEqual({ kind: 'leave' });
    for (const keys of 'p+-rms') expect(watch(keys)).toMatchObject({ kind: 'refuse' });
    expect(watch('^')).toEqual({ kind: 'interrupt' });
    expect(watch('z')).toBeUndefined();
  });
});
