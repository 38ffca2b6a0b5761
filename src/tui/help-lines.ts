import { wrapText } from '../core/wrap-text.ts';
import { span, type Line } from './paint.ts';

type Entry = readonly [key: string, does: string];

const STEERING: readonly Entry[] = [
  ['p', 'pause issuing, or resume; the plan waits, what is in flight ends as usual'],
  ['+ -', 'a tenth more or less: arrivals a second, or samples in flight in closed loop'],
  ['r', 'type that number in'],
  ['m', 'mark this moment with a note'],
  ['s, q', 'stop: issue no more, drain, report (asks first); again: cancel what is in flight'],
  ['Ctrl-C', 'stop without asking; twice: cancel; three times: exit'],
];
const VIEWING: readonly Entry[] = [
  ['tab ↓ ↑', 'choose the series whose distribution is shown'],
  ['v', 'the verdict with all its reasons'],
  ['?', 'this page'],
];
const READING: readonly string[] = [
  'Every plot shows the whole run so far; ╌ is the requested load.',
  'Distributions have a logarithmic axis that follows the data.',
  'Marks: ┃ phase, ‖ pause, ▸ resume, ± rate or concurrency, ◆ note, ■ stop, × cancel.',
  'Percentiles are those of measured samples so far, from a histogram; the report has exact ones.',
];
const WATCHING: readonly Entry[] = [['q', 'leave; a run under way goes on']];

/** What each key does and how to read the screen. */
export function helpLines(canSteer: boolean, width: number): Line[] {
  const keys = [...(canSteer ? STEERING : []), ...VIEWING, ...(canSteer ? [] : WATCHING)];
  return [
    [span('Keys', 'strong')],
    ...keys.flatMap(([key, does]) => {
      const label = `  ${key.padEnd(9)}`;
      return wrapText(label, does, width).map((text): Line => [
        span(text.slice(0, label.length), 'strong'),
        span(text.slice(label.length)),
      ]);
    }),
    [],
    [span('Reading it', 'strong')],
    ...READING.flatMap((text) => wrapText('  ', text, width).map((line): Line => [span(line)])),
  ];
}
