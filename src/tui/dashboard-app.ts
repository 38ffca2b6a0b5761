import { Transform, useInput, useWindowSize, type Key } from 'ink';
import { createElement, useSyncExternalStore, type ReactElement } from 'react';
import type { RunControls } from '../live/run-controls.ts';
import { dashboardLines } from './dashboard.ts';
import { pressKey, type KeyPress, type SteeringWish, type Wish } from './keys.ts';
import { paint, plainText, type ColourDepth } from './paint.ts';
import { selectableSeries } from './panels.ts';
import type { DashboardStore } from './store.ts';

export interface DashboardProps {
  readonly store: DashboardStore;
  readonly title: string;
  readonly isReplay: boolean;
  readonly controls: RunControls | undefined;
  readonly depth: ColourDepth;
  readonly hasKeys: boolean;
  /** A wish that is not for {@link RunControls}. */
  readonly onWish: (wish: 'leave' | 'interrupt') => void;
}

/** The dashboard as ink draws it: one text the size of the terminal, of which only lines that changed are written. */
export function DashboardApp(props: DashboardProps): ReactElement {
  const { store, title, isReplay, controls, depth, hasKeys } = props;
  const { update, message, screen } = useSyncExternalStore(store.subscribe, store.current);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => keyPressesOf(input, key).forEach((press) => obey(press, props)), {
    isActive: hasKeys,
  });
  const lines = dashboardLines(
    {
      ...{ title, isReplay, update, message, page: screen.page, prompt: screen.prompt },
      controls: controls?.state,
      selected: screen.selected ?? selectableSeries(update)[0] ?? 'ttft_ns',
    },
    { width: columns, height: rows },
  );
  const painted = lines.map((line) => paint(line, depth));
  return createElement(Transform, {
    // The lines are as wide as they should be. Told of them as text, ink would measure each character of each line at each redraw.
    transform: (_placeholder: string, row: number) => painted[row] ?? '',
    accessibilityLabel: lines.map(plainText).join('\n'),
    children: Array.from({ length: rows }, () => '.').join('\n'),
  });
}

/** Several keys may come before the next redraw, so each finds what the one before left in the store. */
function obey(press: KeyPress, props: DashboardProps): void {
  const { store, controls } = props;
  const { screen, update } = store.current();
  const { state, wish } = pressKey(screen, press, {
    controls: controls?.state,
    series: selectableSeries(update),
  });
  store.turn(state);
  if (wish !== undefined) fulfil(wish, props);
}

function fulfil(wish: Wish, { controls, store, onWish }: DashboardProps): void {
  if (wish.kind === 'leave' || wish.kind === 'interrupt') onWish(wish.kind);
  else if (wish.kind === 'refuse') store.tell(wish.reason);
  else if (controls !== undefined && !steer(controls, wish)) store.tell(`not possible now: ${wish.kind}`);
}

function steer(controls: RunControls, wish: SteeringWish): boolean {
  switch (wish.kind) {
    case 'rate':
      return controls.setRate(wish.value);
    case 'concurrency':
      return controls.setConcurrency(wish.value);
    case 'note':
      return controls.note(wish.text);
    case 'pause':
      return controls.pause();
    case 'resume':
      return controls.resume();
    case 'stop':
      return controls.stop();
    case 'cancel':
      return controls.cancel();
  }
}

function keyPressesOf(input: string, key: Key): KeyPress[] {
  if (key.ctrl) return input === 'c' ? [{ key: 'ctrl-c' }] : [];
  if (key.return) return [{ key: 'enter' }];
  if (key.escape) return [{ key: 'escape' }];
  if (key.backspace || key.delete) return [{ key: 'backspace' }];
  if (key.tab) return [{ key: key.shift ? 'previous' : 'next' }];
  if (key.downArrow || key.rightArrow) return [{ key: 'next' }];
  if (key.upArrow || key.leftArrow) return [{ key: 'previous' }];
  // What was typed quickly or pasted comes at once.
  return [...input].map((text) =>
    text === '\r' || text === '\n' ? { key: 'enter' } : { key: 'text', text },
  );
}
