import { expect, it } from 'vitest';
import { serverMetricsPlaces } from './server-metrics-places.ts';

const endpoints = [
  'http://a:8000/v1/chat/completions',
  'https://me:secret@b/x?key=1',
  'unix:/tmp/s.sock',
  'http://a:8000',
];
const places = (isInteractive: boolean, ...server_metrics: string[]) =>
  serverMetricsPlaces({ endpoints, server_metrics }, isInteractive);
const BESIDE = { urls: ['http://a:8000/metrics', 'https://b/metrics'], areGuesses: true };

it('looks beside the endpoints at a terminal, and elsewhere where it is told to', () => {
  expect(places(true, 'auto')).toEqual(BESIDE);
  expect(places(false, 'auto').urls).toEqual([]);
  expect(places(false, 'on')).toEqual(BESIDE);
  expect(places(true, 'off').urls).toEqual([]);
  expect(places(false, 'http://m/metrics')).toEqual({ urls: ['http://m/metrics'], areGuesses: false });
});
