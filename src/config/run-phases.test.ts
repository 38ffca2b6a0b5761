import { describe, expect, it } from 'vitest';
import { parseConfigFile } from './config-file.ts';
import { resolveConfig } from './resolve.ts';
import { phaseConfigs } from './run-phases.ts';

const RUN = 'endpoints: [http://h]\nmodel: m\n';

function resolved(text: string, flags: Readonly<Record<string, string>> = {}) {
  const given = Object.entries(flags).map(([flag, value]): [string, string[]] => [flag, [value]]);
  return resolveConfig({
    environment: {},
    flags: new Map(given),
    file: parseConfigFile(RUN + text, 'run.yaml'),
  });
}

describe('the phases of a configuration', () => {
  it('are one without a list, with the settings of the run', () => {
    const config = resolved('dataset: a.jsonl\n');
    expect(phaseConfigs(config)).toEqual([{ name: 'performance', isMeasured: true, config }]);
  });

  it('have what they leave out from the run, and flags are settings of the run', () => {
    const phases = phaseConfigs(
      resolved(
        [
          'dataset: a.jsonl',
          'stop: {duration_ms: 1000}',
          'phases:',
          '  - {name: warm, measure: false, load: {concurrency: 3}, stop: {samples: 5}}',
          '  - {name: base}',
          '  - {name: other, dataset: b.csv, format: rows}',
          "  - {name: made up, synthetic: 'input=5 output=3'}",
        ].join('\n'),
        { '--rate': '20', '--tokenizer': 't.json' },
      ),
    );
    expect(phases.map(({ name, isMeasured }) => [name, isMeasured])).toEqual([
      ['warm', false],
      ['base', true],
      ['other', true],
      ['made up', true],
    ]);
    const [warm, base, other, made] = phases.map(({ config }) => config);
    expect(warm).toMatchObject({ load: { pattern: 'concurrency', concurrency: 3 }, stop: { samples: 5 } });
    expect(warm!.load.rate_per_second).toBeUndefined();
    expect(warm!.stop.duration_ms).toBeUndefined();
    expect(base).toMatchObject({
      load: { pattern: 'poisson', rate_per_second: 20 },
      stop: { duration_ms: 1000 },
      dataset: 'a.jsonl',
    });
    expect(other).toMatchObject({ dataset: 'b.csv', format: 'rows' });
    expect([made!.dataset, made!.synthetic]).toEqual([undefined, 'input=5 output=3']);
  });

  it.each([
    ['phases: []', 'run.yaml:3:9: phases: must be a list of 1 to 64 phases (got [])'],
    [
      'phases: [{name: a/b}]',
      'run.yaml:3:17: phases.0.name: must be a name of at most 40 letters, digits, spaces and - _ . (got "a/b")',
    ],
    [
      'phases: [{name: a, lod: {}}]',
      'run.yaml:3:25: phases.0.lod: unknown key; known are name, measure, load',
    ],
    ['phases: [{name: a, measure: false}]', 'run.yaml:3:9: phases: one of them must be measured'],
    ['phases: [{name: a}, {name: a}]', 'run.yaml:3:21: phases.1: two phases have the name a'],
    [
      'phases: [{name: a}, {name: b, load: {pattern: poisson}}]',
      'run.yaml:3:21: phases.1 (b): --pattern poisson needs --rate',
    ],
    [
      'phases: [{name: a}, {name: b, load: {concurrency: 0}}]',
      'run.yaml:3:51: phases.1.load.concurrency: must be a whole number',
    ],
    [
      'phases: [{name: a, load: {rate_per_second: 1, max_in_flight: 3}}, {name: b}]',
      'phases.1: max_in_flight must be the same in each phase (got 3 in the first and none here)',
    ],
  ])('%s is refused with its place', (text, message) => {
    expect(() => resolved(`${text}\ndataset: a.jsonl`)).toThrow(message);
  });

  it('need prompts, each of them', () => {
    expect(() => resolved('phases: [{name: a, dataset: d}, {name: b}]')).toThrow(
      'phases.1 (b): --dataset is missing',
    );
  });
});
