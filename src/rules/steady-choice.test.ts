import { expect, it } from 'vitest';
import { parseSteadyChoice } from './steady-choice.ts';

it('reads what people write', () => {
  expect(parseSteadyChoice('auto')).toEqual({ kind: 'auto' });
  expect(parseSteadyChoice('Off')).toEqual({ kind: 'off' });
  expect(parseSteadyChoice('30s..5m')).toEqual({ kind: 'range', fromNs: 30e9, toNs: 300e9 });
  expect(parseSteadyChoice('1.5s .. 90s')).toEqual({ kind: 'range', fromNs: 1.5e9, toNs: 90e9 });
  expect(parseSteadyChoice('25%..100%')).toEqual({ kind: 'share', from: 0.25, to: 1 });
  expect(parseSteadyChoice('12.5 % .. 50%')).toEqual({ kind: 'share', from: 0.125, to: 0.5 });
});

it.each([
  [
    'on',
    "expected auto, off or a stretch of the run such as '30s..5m' or '25%..100%' at character 1 (got \"on\")",
  ],
  ['30s', "expected '..' and where the stretch ends at the end"],
  ['30..60', 'expected a time with its unit, such as 500ms or 2s at character 3 (got "..60")'],
  [
    '5m..30s',
    "expected auto, off or a stretch of the run such as '30s..5m' or '25%..100%' at character 1 (got \"5m..30s\")",
  ],
  ['20%..101%', 'expected a share of the measured time, at most 100% at character 6 (got "101%")'],
  ['20%..30s', 'expected a share of the measured time, at most 100% at character 6 (got "30s")'],
  ['10s..50%', 'expected a time with its unit, such as 500ms or 2s at character 8 (got "%")'],
])('says what is wrong with %j', (text, message) => {
  expect(parseSteadyChoice(text)).toBe(message);
});
