import { countedText, durationText, settingText } from '../core/quantity-text.ts';
import { type HistoryExtras, type RunMark, readHistoryExtras } from '../core/run-history.ts';

/** What somebody did to the load while it was measured. */
export interface SteeringFacts {
  /** What was asked for one after another; the plan's own value is not among them. */
  readonly ratesPerSecond: readonly number[];
  readonly concurrencies: readonly number[];
  readonly pauses: number;
  readonly pausedNs: number;
}

/** Reads it off the marks of a run; null when nobody touched the phase that was measured, and for a snapshot that does not tell. */
export function readSteering(extras: Parameters<typeof readHistoryExtras>[0]): SteeringFacts | null {
  return steeringOf(readHistoryExtras(extras).history);
}

function steeringOf(history: HistoryExtras['history']): SteeringFacts | null {
  if (history === undefined) return null;
  // The measured phase is the last one, and each begins as planned.
  const { marks, end_ns: endNs } = history;
  const phase = marks.slice(marks.findLastIndex(({ kind }) => kind === 'phase') + 1);
  const valuesOf = (wanted: RunMark['kind']) =>
    phase.flatMap(({ kind, value }) => (kind === wanted && value !== null ? [value] : []));
  const pauses = phase.flatMap((mark, index) => {
    if (mark.kind !== 'pause') return [];
    const end = phase
      .slice(index)
      .find(({ kind }) => kind === 'resume' || kind === 'stop' || kind === 'cancel');
    return [Math.max(0, (end?.at_ns ?? endNs) - mark.at_ns)];
  });
  const facts: SteeringFacts = {
    ratesPerSecond: valuesOf('rate'),
    concurrencies: valuesOf('concurrency'),
    pauses: pauses.length,
    pausedNs: pauses.reduce((sum, ns) => sum + ns, 0),
  };
  return isChanged(facts) || facts.pauses > 0 ? facts : null;
}

/** Whether the measured samples are of more than one load. */
export function isChanged({ ratesPerSecond, concurrencies }: SteeringFacts): boolean {
  return ratesPerSecond.length + concurrencies.length > 0;
}

/** The highest rate that was asked for at any time. */
export function highestRate(planned: number | null, steering: SteeringFacts | null): number | null {
  return planned === null ? null : Math.max(planned, ...(steering?.ratesPerSecond ?? []));
}

/** Changes listed at most; of more the range is told. */
const MAX_LISTED = 4;

/** The rates asked for, one after another: `60/s`, `60/s, then 90/s`. */
export function askedRateText(planned: number, steering: SteeringFacts | null): string {
  const rates = [planned, ...(steering?.ratesPerSecond ?? [])];
  const texts = rates.map((rate) => `${settingText(rate)}/s`);
  return rates.length > MAX_LISTED
    ? `${settingText(Math.min(...rates))} to ${settingText(Math.max(...rates))}/s`
    : texts.join(', then ');
}

/** `the rate was changed by hand to 80/s and 20/s, issuing was paused for 3.1 s`. */
export function steeringText(steering: SteeringFacts): string {
  const { ratesPerSecond, concurrencies, pauses, pausedNs } = steering;
  return [
    ...changeText('rate', ratesPerSecond, '/s'),
    ...changeText('concurrency', concurrencies, ''),
    ...(pauses === 0
      ? []
      : [
          `issuing was paused ${pauses === 1 ? '' : `${countedText(pauses, 'time')}, `}for ${durationText(pausedNs)}`,
        ]),
  ].join(', ');
}

function changeText(what: string, values: readonly number[], unit: string): string[] {
  const texts = values.map((value) => `${settingText(value)}${unit}`);
  if (values.length === 0) return [];
  if (values.length > MAX_LISTED) {
    const range = `${settingText(Math.min(...values))} to ${settingText(Math.max(...values))}${unit}`;
    return [`the ${what} was changed by hand ${countedText(values.length, 'time')}, to ${range}`];
  }
  const list = texts.length === 1 ? texts[0]! : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)!}`;
  return [`the ${what} was changed by hand to ${list}`];
}
