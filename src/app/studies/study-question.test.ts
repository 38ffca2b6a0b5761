import { expect, it } from 'vitest';
import { measuredPart, parseQuestion } from './study-question.ts';

const TEXT = `format: 1
version: 0.1.0
created_at: 2026-11-30T16:35:52.868Z
directory: /tmp
kind: sweep
over:
  - concurrency=1,2
design: grid
stop_after_saturation: false
run:
  --endpoint:
    - http://localhost
repeat: 1
study_seed: 42
`;

it('reads what a study asks', () => {
  expect(parseQuestion(TEXT, 'study.yaml')).toMatchObject({
    kind: 'sweep',
    over: ['concurrency=1,2'],
    repeat: 1,
  });
});

it.each([
  ['repeat: 1', 'repeat: many', 'study.yaml:13:9: repeat must be a whole number from 1 to 100 (got "many")'],
  ['repeat: 1', 'repeat: 1\nfoo: 2', 'study.yaml:14:6: foo: unknown key'],
  ['repeat: 1\n', '', 'study.yaml:1:1: repeat is missing; it must be a whole number from 1 to 100'],
  ['kind: sweep', 'kind: [1]', 'study.yaml:5:7: kind must be one of sweep, capacity, repeat and quick'],
  ['  - concurrency=1,2', '  - 5', 'study.yaml:7:5: over.0 must be a list of texts (got 5)'],
  ['  --endpoint:\n    -', '  endpoint:\n    -', 'study.yaml:12:5: run.endpoint must be flags of run'],
  ['over:', 'over: [', 'study.yaml:'],
  ['format: 1', 'format: 2', 'study.yaml:1:9: format must be 1 (got 2)'],
])('refuses %j as %j by the place', (from, to, message) => {
  expect(TEXT).toContain(from);
  expect(() => parseQuestion(TEXT.replace(from, to), 'study.yaml')).toThrow(message);
});

it('tells what is measured from what may change meanwhile', () => {
  const part = (text: string) => measuredPart(parseQuestion(text, 'study.yaml'));
  expect(part(`${TEXT}between: ./restart.sh\ncool_down: 5s\ngpus: 8\n`)).toBe(part(TEXT));
  expect(part(TEXT.replace('repeat: 1', 'repeat: 2'))).not.toBe(part(TEXT));
  expect(part(TEXT.replace('localhost', 'otherhost'))).not.toBe(part(TEXT));
});
