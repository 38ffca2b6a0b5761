import { clampTo, CONCURRENCY, isWithin, RATE_PER_SECOND } from '../core/load-ranges.ts';
import type { SeriesName } from '../core/metric-catalogue.ts';
import type { ControlState } from '../live/run-controls.ts';
import type { Page, Prompt } from './content.ts';

/** A key as a person sees it, or text that was typed or pasted. */
export type KeyPress =
  | { readonly key: 'text'; readonly text: string }
  | { readonly key: 'enter' | 'escape' | 'backspace' | 'next' | 'previous' | 'ctrl-c' };

/** What the screen remembers between keys. */
export interface ScreenState {
  readonly page: Page;
  readonly prompt: Prompt | undefined;
  readonly selected: SeriesName | undefined;
}

export const FIRST_STATE: ScreenState = { page: 'run', prompt: undefined, selected: undefined };

/** What a key asks of the run. */
export type SteeringWish =
  | { readonly kind: 'pause' | 'resume' | 'stop' | 'cancel' }
  | { readonly kind: 'rate' | 'concurrency'; readonly value: number }
  | { readonly kind: 'note'; readonly text: string };

/** What a key asks the rest of the program to do. */
export type Wish =
  | SteeringWish
  | { readonly kind: 'leave' }
  | { readonly kind: 'interrupt' }
  /** Nothing, for a reason worth telling. */
  | { readonly kind: 'refuse'; readonly reason: string };

export interface KeyContext {
  /** Undefined for a run that is only watched. */
  readonly controls: ControlState | undefined;
  readonly series: readonly SeriesName[];
}

interface Outcome {
  readonly state: ScreenState;
  readonly wish?: Wish;
}

/** A tenth more or less at a press of + or -. */
const STEP = 1.1;
const STEERING_KEYS = 'p+=-_rms';

/** What a key press means: the next state of the screen and what is wished for. Pure. */
export function pressKey(state: ScreenState, press: KeyPress, context: KeyContext): Outcome {
  if (press.key === 'ctrl-c') return { state, wish: { kind: 'interrupt' } };
  if (state.prompt !== undefined) return answer(state, state.prompt, press, context);
  if (press.key === 'next' || press.key === 'previous')
    return { state: select(state, press.key === 'next' ? 1 : -1, context.series) };
  if (state.page !== 'run') return { state: { ...state, page: 'run' } };
  if (press.key === 'escape') return context.controls === undefined ? leave(state) : { state };
  return press.key === 'text' ? command(state, press.text, context) : { state };
}

function command(state: ScreenState, text: string, { controls }: KeyContext): Outcome {
  switch (text) {
    case '?':
    case 'h':
      return { state: { ...state, page: 'help' } };
    case 'v':
      return { state: { ...state, page: 'verdict' } };
    case 'q':
      if (controls === undefined) return leave(state);
  }
  if (controls !== undefined) return steer(state, text, controls);
  const isSteering = text.length === 1 && STEERING_KEYS.includes(text);
  return isSteering
    ? { state, wish: { kind: 'refuse', reason: 'only watching: the run is steered where it was started' } }
    : { state };
}

function steer(state: ScreenState, text: string, controls: ControlState): Outcome {
  const ask = (prompt: Prompt): Outcome => ({ state: { ...state, prompt } });
  switch (text) {
    case 'p':
      return { state, wish: { kind: controls.isPaused ? 'resume' : 'pause' } };
    case '+':
    case '=':
      return { state, wish: stepped(controls, STEP) };
    case '-':
    case '_':
      return { state, wish: stepped(controls, 1 / STEP) };
    case 'r': {
      const now = controls.ratePerSecond ?? controls.concurrency;
      return now === null ? { state, wish: NO_LOAD } : ask({ kind: 'load', text: '' });
    }
    case 'm':
      return ask({ kind: 'note', text: '' });
    case 's':
    case 'q':
      return ask({ kind: 'confirm', what: controls.isStopping ? 'cancel' : 'stop' });
    default:
      return { state };
  }
}

const NO_LOAD: Wish = { kind: 'refuse', reason: 'this load has neither a rate nor a concurrency to change' };

function stepped({ ratePerSecond, concurrency }: ControlState, factor: number): Wish {
  if (ratePerSecond !== null) {
    const wanted = Number((ratePerSecond * factor).toPrecision(3));
    return { kind: 'rate', value: clampTo(RATE_PER_SECOND, wanted) };
  }
  if (concurrency === null) return NO_LOAD;
  const wanted = Math.round(concurrency * factor);
  const value = wanted === concurrency ? concurrency + Math.sign(factor - 1) : wanted;
  return { kind: 'concurrency', value: clampTo(CONCURRENCY, value) };
}

function answer(state: ScreenState, prompt: Prompt, press: KeyPress, context: KeyContext): Outcome {
  const closed: ScreenState = { ...state, prompt: undefined };
  if (press.key === 'escape') return { state: closed };
  if (prompt.kind === 'confirm') {
    const agrees = press.key === 'enter' || (press.key === 'text' && 'ysq'.includes(press.text));
    return agrees ? { state: closed, wish: { kind: prompt.what } } : { state: closed };
  }
  const typed = (text: string): Outcome => ({ state: { ...state, prompt: { ...prompt, text } } });
  switch (press.key) {
    case 'text':
      return typed(prompt.text + press.text);
    case 'backspace':
      return typed([...prompt.text].slice(0, -1).join(''));
    case 'enter': {
      const wish = prompt.kind === 'note' ? noteOf(prompt.text) : loadOf(prompt.text, context);
      return wish === undefined ? { state: closed } : { state: closed, wish };
    }
    default:
      return { state };
  }
}

function noteOf(text: string): Wish | undefined {
  return text.trim() === '' ? undefined : { kind: 'note', text: text.trim() };
}

function loadOf(text: string, { controls }: KeyContext): Wish | undefined {
  if (text.trim() === '') return undefined;
  const value = Number(text);
  if (typeof controls?.ratePerSecond === 'number') {
    return isWithin(RATE_PER_SECOND, value)
      ? { kind: 'rate', value }
      : {
          kind: 'refuse',
          reason: `the rate must be arrivals per second, ${RATE_PER_SECOND.allowed} (got ${text})`,
        };
  }
  return isWithin(CONCURRENCY, value)
    ? { kind: 'concurrency', value }
    : {
        kind: 'refuse',
        reason: `concurrency must be samples in flight, ${CONCURRENCY.allowed} (got ${text})`,
      };
}

function leave(state: ScreenState): Outcome {
  return { state, wish: { kind: 'leave' } };
}

function select(state: ScreenState, step: number, series: readonly SeriesName[]): ScreenState {
  if (series.length === 0) return state;
  const at = state.selected === undefined ? 0 : series.indexOf(state.selected);
  return { ...state, selected: series[(Math.max(0, at) + step + series.length) % series.length] };
}
