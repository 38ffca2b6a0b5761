import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from '../core/time.ts';
import type { ChartOption, Quantity } from './chart.ts';
import { elapsedStep } from './elapsed.ts';
import { formatter, type FormatterName } from './formatters.ts';
import type { ChartTheme } from './theme.ts';

/** How values of a quantity are written, other than on an axis. */
export const VALUE_FORMATTERS = {
  duration: 'duration',
  number: 'number',
  share: 'share',
} as const satisfies Record<Quantity, FormatterName>;

const MOST_LOG_TICKS = 8;
const TIME_LABEL_WIDTH = 76;
/** Fewest steps of the value axis; small drawings stay readable. */
const VALUE_TICKS = 4;
/** From here up to 1 an axis of shares ends at 1, where all shares end. */
const WHOLE_FROM_SHARE = 0.75;

/** The axis all charts over time share: seconds since the start of the run. */
export function elapsedAxis(lengthSeconds: number, theme: ChartTheme, width: number): ChartOption {
  return {
    ...axisLook(theme),
    type: 'value',
    min: 0,
    max: lengthSeconds,
    interval: elapsedStep(lengthSeconds, Math.max(3, Math.floor(width / TIME_LABEL_WIDTH))),
    axisLabel: { ...labelLook(theme), formatter: formatter('elapsed'), showMaxLabel: false },
    axisPointer: { label: { formatter: formatter('elapsed') } },
    splitLine: { show: false },
  };
}

/** A vertical axis from 0. */
export function valueAxis(quantity: Quantity, max: number, theme: ChartTheme): ChartOption {
  return {
    ...axisLook(theme),
    type: 'value',
    min: 0,
    ...(quantity === 'share' && max > WHOLE_FROM_SHARE && max <= 1 ? { max: 1 } : {}),
    ...(quantity === 'number' && max >= 1 ? { minInterval: 1 } : {}),
    splitNumber: VALUE_TICKS,
    axisLabel: { ...labelLook(theme), formatter: formatter(tickFormatter(quantity, max)) },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** A logarithmic axis over positive values, labelled at 1, 2 and 5 of each decade, or at decades when there are many. */
export function logAxis(quantity: Quantity, min: number, max: number, theme: ChartTheme): ChartOption {
  const { low, high, ticks } = logTicks(min, max);
  return {
    ...axisLook(theme),
    type: 'log',
    min: low,
    max: high,
    axisLabel: {
      ...labelLook(theme),
      formatter: formatter(quantity === 'duration' ? 'durationTick' : 'numberTick'),
      customValues: ticks,
    },
    axisTick: { customValues: ticks },
    axisPointer: { label: { formatter: formatter(VALUE_FORMATTERS[quantity]) } },
  };
}

/** 1 / (1 − q) on a logarithmic axis: each step to the right is one nine more. */
export function ninesAxis(mostValues: number, theme: ChartTheme): ChartOption {
  const max = Math.max(10, mostValues);
  const decades = Math.floor(Math.log10(max) + 1e-9);
  const ticks = [1, 2, ...Array.from({ length: decades }, (_, i) => 10 ** (i + 1))];
  return {
    ...axisLook(theme),
    type: 'log',
    min: 1,
    max,
    axisLabel: { ...labelLook(theme), formatter: formatter('nines'), customValues: ticks },
    axisTick: { customValues: ticks },
    axisPointer: { label: { formatter: formatter('nines') } },
  };
}

/** Bounds and ticks of a logarithmic axis: both bounds are 1, 2 or 5 of a decade. */
export function logTicks(
  min: number,
  max: number,
): { readonly low: number; readonly high: number; readonly ticks: readonly number[] } {
  const low = niceBelow(min);
  const high = Math.max(niceAbove(max), niceAbove(low * 1.5));
  const all: number[] = [];
  for (let tick = low; tick <= high * 1.001; tick = niceAbove(tick * 1.01)) all.push(tick);
  if (all.length <= MOST_LOG_TICKS) return { low, high, ticks: all };
  const decades = all.filter((tick) => mantissa(tick) === 1);
  const every = Math.ceil(decades.length / MOST_LOG_TICKS);
  return { low, high, ticks: decades.filter((_, i) => i % every === 0) };
}

function tickFormatter(quantity: Quantity, max: number): FormatterName {
  if (quantity === 'share') return 'shareTick';
  if (quantity === 'number') return 'numberTick';
  if (max >= 2 * NS_PER_SECOND) return 'sTick';
  return max >= 2 * NS_PER_MS ? 'msTick' : max >= 2 * NS_PER_US ? 'usTick' : 'durationTick';
}

function niceBelow(value: number): number {
  const unit = decadeOf(value);
  const times = value / unit;
  return rounded((times >= 5 ? 5 : times >= 2 ? 2 : 1) * unit);
}

function niceAbove(value: number): number {
  const unit = decadeOf(value);
  const times = value / unit;
  return rounded((times <= 1.0001 ? 1 : times <= 2.0001 ? 2 : times <= 5.0001 ? 5 : 10) * unit);
}

function mantissa(value: number): number {
  return rounded(value / decadeOf(value));
}

function decadeOf(value: number): number {
  return 10 ** Math.floor(Math.log10(value) + 1e-9);
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function axisLook(theme: ChartTheme): ChartOption {
  return {
    axisLine: { show: true, lineStyle: { color: theme.axisLine } },
    axisTick: { lineStyle: { color: theme.axisLine } },
    splitLine: { show: true, lineStyle: { color: theme.gridLine } },
  };
}

function labelLook(theme: ChartTheme): ChartOption {
  return { color: theme.mutedText, fontSize: 12, hideOverlap: true };
}
