import { expect, it } from 'vitest';
import { familiarFlagLines } from './familiar-flags.ts';

const OURS = ['--endpoint', '--model', '--concurrency', '--duration'];
const lines = (...words: readonly string[]) => familiarFlagLines(words, (flag) => OURS.includes(flag));

it.each([
  ['--url http://h:1', '--url is a flag of aiperf and genai-perf; here: --endpoint http://h:1'],
  ['--url=h:1', '--url is a flag of aiperf and genai-perf; here: --endpoint http://h:1'],
  ['-m llama', '-m is a flag of aiperf, genai-perf and vllm; here: --model llama'],
  ['--request-rate 5', /^--request-rate is a flag of .*; here: --rate 5$/],
  ['--request-rate inf', /; leave it out here \(inf\)$/],
  ['--num-prompts 7', /; here: --samples 7$/],
  ['--max-concurrency 8', /^--max-concurrency is a flag of vllm and sglang; here: --concurrency 8$/],
  ['--max_concurrency 8', /here: --concurrency 8$/],
  ['--max-seconds 30', '--max-seconds is a flag of guidellm; here: --duration 30s'],
  ['--benchmark-duration 1.5', '--benchmark-duration is a flag of aiperf; here: --duration 1500ms'],
  [
    '--concurrency-range 1:8',
    '--concurrency-range is a flag of perf_analyzer; here: --concurrency N, one run for each',
  ],
  ['--disable-stream', '--disable-stream is a flag of sglang; here: --streaming off'],
  ['--profile x', /^--profile is a flag of guidellm and vllm; /],
  ['--vus 5', '--vus is a flag of k6, Locust; here: --concurrency 5'],
])('%s', (line, wanted) => {
  const [only, ...more] = lines(...line.split(' '));
  expect(more).toEqual([]);
  if (typeof wanted === 'string') expect(only).toBe(wanted);
  else expect(only).toMatch(wanted);
});

it('tells of all at once, and of none that are ours', () => {
  expect(lines('--url', 'http://h', '--concurrency', '4', '--num-prompts', '3', '--nonsense')).toHaveLength(
    2,
  );
});
