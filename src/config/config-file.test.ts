import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileContext, parseConfigFile } from './config-file.ts';
import { resolveConfig } from './resolve.ts';
import { escapeVariables } from './yaml-variables.ts';

const REQUIRED = 'endpoints: [http://h:1]\nmodel: m\ndataset: d.jsonl\n';
const ENVIRONMENT = { RATE: '5', NAME: 'llama', EMPTY: '', HOST: 'h', YES: 'true', LIST: 'a: b' };

function treeOf(text: string, context: FileContext = {}) {
  return parseConfigFile(text, 'load.yaml', { environment: ENVIRONMENT, ...context }).tree;
}

function configOf(text: string, context: FileContext = {}) {
  const file = parseConfigFile(REQUIRED + text, 'load.yaml', { environment: ENVIRONMENT, ...context });
  return resolveConfig({ file, environment: {}, flags: new Map() });
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('variables in a config file', () => {
  it.each<[string, unknown]>([
    ['${NAME}', 'llama'],
    ['x-${NAME}-y ${NAME}', 'x-llama-y llama'],
    ['${RATE}', 5],
    ['"${RATE}"', '5'],
    ['!!str ${RATE}', '5'],
    ['${RATE}0', 50],
    ['${YES}', true],
    ['${MISSING:-7}', 7],
    ['${MISSING:-}', ''],
    ['${EMPTY:-z}', 'z'],
    ['"${EMPTY}"', ''],
    ['${LIST}', 'a: b'],
    ['$${NAME}', '${NAME}'],
    ['$NAME and $$', '$NAME and $$'],
    ["'{{prompt}} ${NAME}'", '{{prompt}} llama'],
  ])('%s is %j', (text, value) => {
    expect(treeOf(`model: ${text}`)).toEqual({ model: value });
  });

  it.each([
    [
      '${MISSING}',
      '1:8: the variable MISSING is not set; set it, or give a default as in ${MISSING:-default}',
    ],
    ['${1A}', '1:8: a variable must be ${NAME} or ${NAME:-default}; $${ stands for ${ itself'],
    ['"${NAME"', '1:8: a variable must be'],
  ])('%s is refused with its place', (text, message) => {
    expect(refusal(() => treeOf(`model: ${text}`))).toContain(`--config load.yaml:${message}`);
  });

  it('of a run are written so that they are read back as they were', () => {
    const config = { model: '${NAME}', extra: { stop: ['$${x}', '$5'] }, seed: 5 };
    expect(treeOf(stringify(escapeVariables(config)))).toEqual(config);
  });
});

describe('profiles', () => {
  const FILE = `seed: 1
load: { pattern: poisson, rate_per_second: 5 }
extra: { top_p: 0.5 }
profiles:
  quick:
    stop: { samples: 10 }
    extra: { stop: null }
  closed:
    load:
      pattern: concurrency
      rate_per_second: null
      concurrency: \${MISSING}
  empty:
`;

  it('are put over the settings of the file', () => {
    const { load, stop, seed, extra } = configOf(FILE, { profile: 'quick' });
    expect([load.rate_per_second, stop.samples, seed, extra]).toEqual([5, 10, 1, { top_p: 0.5, stop: null }]);
    expect(configOf(FILE)).toMatchObject({ load: { rate_per_second: 5 }, stop: {} });
    expect(configOf(FILE, { profile: 'empty' })).toEqual(configOf(FILE));
  });

  it('take a setting away by null, and need their own variables only', () => {
    const context = { profile: 'closed', environment: { MISSING: '3' } };
    expect(configOf(FILE, context).load).toEqual({ pattern: 'concurrency', concurrency: 3 });
    expect(refusal(() => configOf(FILE, { profile: 'closed' }))).toContain(
      'load.yaml:15:20: the variable MISSING',
    );
  });

  it('have places of their own', () => {
    const text = 'seed: x\nprofiles:\n  a:\n    seed: y\n    load: { rate: 5 }\n';
    expect(refusal(() => configOf(text, { profile: 'a' }))).toBe(
      '--config load.yaml:8:19: load.rate: unknown key; known are pattern, rate_per_second, stages, stages_file, burstiness, concurrency, max_in_flight, speed, idle_cap_ms, from_ms, to_ms; did you mean rate_per_second?',
    );
    expect(refusal(() => configOf('seed: x\nprofiles: { a: {} }', { profile: 'a' }))).toContain(
      'load.yaml:4:7: seed',
    );
  });

  it.each([
    [
      'profiles: { quick: {} }',
      'quik',
      '1:11: --profile quik: no such profile; known are quick; did you mean quick?',
    ],
    ['seed: 1', 'quick', '1:1: --profile quick: no such profile; the file has none'],
    ['profiles: 5', undefined, '1:11: profiles: must be names, each with settings'],
    ['profiles: { a: 5 }', 'a', '1:16: profiles.a: must be keys and values'],
  ])('%s, %s: %s', (text, profile, message) => {
    expect(refusal(() => treeOf(text, { profile }))).toBe(`--config load.yaml:${message}`);
  });
});

describe('files in a file', () => {
  let place: string;
  const path = (name: string) => join(place, name);
  const parse = (text: string, context: FileContext = {}) =>
    parseConfigFile(text, path('main.yaml'), { environment: ENVIRONMENT, ...context });

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'inferometer-include-'));
    mkdirSync(path('parts'));
    writeFileSync(path('parts/load.yaml'), '# a load\npattern: poisson\nrate_per_second: ${RATE}\n');
    writeFileSync(path('base.yaml'), 'seed: &seed 3\nmodel: $${NAME}\nload: !include parts/load.yaml\n');
    writeFileSync(path('bad.yaml'), 'pattern: poisson\nrate_per_second: fast\n');
    writeFileSync(path('self.yaml'), 'load: !include parts/../self.yaml\n');
    writeFileSync(path('broken.yaml'), 'a: [\n');
    writeFileSync(path('empty.yaml'), '');
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it('stand in the place of !include, relative to the file that names them', () => {
    expect(parse('load: !include parts/load.yaml').tree).toEqual({
      load: { pattern: 'poisson', rate_per_second: 5 },
    });
    expect(parse('!include base.yaml').tree).toMatchObject({
      seed: 3,
      model: '${NAME}',
      load: { rate_per_second: 5 },
    });
    expect(parse('<<: !include base.yaml\nseed: 4').tree).toMatchObject({
      seed: 4,
      load: { rate_per_second: 5 },
    });
    expect(parse('profiles: { p: !include base.yaml }', { profile: 'p' }).tree).toMatchObject({ seed: 3 });
  });

  it('are where a value that they hold is found', () => {
    const file = parse(`${REQUIRED}load: !include bad.yaml\n`);
    expect(refusal(() => resolveConfig({ file, environment: {}, flags: new Map() }))).toContain(
      `--config ${path('bad.yaml')}:2:18: load.rate_per_second: must be`,
    );
    expect(parse('<<: !include base.yaml').placeOf(['load', 'rate_per_second'])).toBe(
      `${path('parts/load.yaml')}:3:18`,
    );
  });

  it.each([
    ['load: !include nowhere.yaml', 'main.yaml:1:16: !include', 'ENOENT'],
    ['load: !include self.yaml', 'self.yaml:1:16: !include parts/../self.yaml: the file includes itself', ''],
    ['load: !include broken.yaml', 'broken.yaml:2:1: ', ''],
    ['load: !include empty.yaml', 'main.yaml:1:16: !include empty.yaml: the file is empty', ''],
    ['load: !include main.yaml', 'main.yaml:1:16: !include main.yaml: the file includes itself', ''],
  ])('%s is refused', (text, message, more) => {
    const told = refusal(() => parse(text));
    expect(told).toContain(message);
    expect(told).toContain(more);
  });
});

describe('a misspelled key', () => {
  it.each([
    ['lod: {}', 'did you mean load?'],
    ['modle: m', 'did you mean model?'],
    ['rate: 5', 'did you mean load.rate_per_second?'],
    ['concurrency: 5', 'did you mean load.concurrency?'],
    ['request_timeout: 5', 'did you mean client.request_timeout_ms?'],
    ['client: { tls_verfy: true }', 'did you mean tls_verify?'],
    ['load: { duration_ms: 5 }', 'did you mean stop.duration_ms?'],
  ])('%s: %s', (text, hint) => {
    expect(refusal(() => configOf(text))).toMatch(new RegExp(`${hint.replaceAll('?', '\\?')}$`));
  });
});

describe('a rule that settings break together', () => {
  it('is told with where they stand', () => {
    const file = parseConfigFile(`${REQUIRED}load:\n  pattern: burst\n`, 'load.yaml');
    const resolve = (flags: Record<string, string[]>, environment = {}) =>
      refusal(() => resolveConfig({ file, environment, flags: new Map(Object.entries(flags)) }));
    expect(resolve({ '--rate': ['5'] })).toBe(
      '--rate is only for --pattern constant, poisson or gamma (got burst) (--pattern is set by load.yaml:5:12)',
    );
    expect(resolve({}, { INFEROMETER_CONCURRENCY: '5' })).toBe(
      '--concurrency is only for --pattern concurrency (got burst) (--concurrency is set by INFEROMETER_CONCURRENCY, --pattern is set by load.yaml:5:12)',
    );
  });
});
