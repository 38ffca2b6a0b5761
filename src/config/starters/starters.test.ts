import { describe, expect, it } from 'vitest';
import { parseConfigFile, profilesIn } from '../config-file.ts';
import { checkConfig } from '../resolve.ts';
import { STARTER_NAMES, STARTERS } from './starters.ts';

const ANSWERS = { endpoint: "http://it's-here:8000", model: 'org/m: "x" #1', dataset: "p'q.jsonl" };

describe.each(STARTER_NAMES)('the file for %s', (name) => {
  const text = STARTERS[name].text(ANSWERS);

  it.each([undefined, ...profilesIn(text)])('is valid, profile %s', (profile) => {
    const file = parseConfigFile(text, 'f.yaml', { profile });
    const checked = checkConfig({ file, environment: {}, flags: new Map() });
    expect(checked).toMatchObject({
      config: { endpoints: [ANSWERS.endpoint], model: ANSWERS.model, dataset: ANSWERS.dataset },
    });
  });

  it('is valid with what its comments offer in the place of something else', () => {
    const offered = text.replace(
      /^( *)# ( *)(?=- |(?:synthetic|tokenizer|salt|sticky|stages|stop):)/gm,
      '$1$2',
    );
    const without = (text_: string, key: string, instead: string) =>
      text_.includes(`\n${instead}:`) ? text_.replace(new RegExp(`^${key}: .*\n`, 'm'), '') : text_;
    const chosen = without(without(offered, 'dataset', 'synthetic'), '  rate_per_second', '  stages');
    expect(chosen === text).toBe(name === 'ci');
    const file = parseConfigFile(chosen, 'f.yaml');
    expect(checkConfig({ file, environment: {}, flags: new Map() })).toHaveProperty('config');
  });
});
