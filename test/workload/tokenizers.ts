import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../src/tokens/tokenizer.ts';
import { vocabularies } from './vocabularies.ts';

export const VOCABULARIES = vocabularies();

/** A tokenizer of each vocabulary by name, loaded from files before the tests of the file that calls this. */
/** Where the files of a tokenizer are. */
interface Placed {
  pathOf(name: string): string;
}

export function useTokenizers(): ReadonlyMap<string, Tokenizer> & Placed {
  const place = mkdtempSync(join(tmpdir(), 'inferometer-vocabularies-'));
  const tokenizers = new Map<string, Tokenizer>();
  beforeAll(async () => {
    for (const { name, definition, config } of VOCABULARIES) {
      const folder = join(place, name);
      mkdirSync(folder);
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition));
      writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
      tokenizers.set(name, await loadTokenizer(folder));
    }
  });
  afterAll(() => rmSync(place, { recursive: true }));
  return Object.assign(tokenizers, { pathOf: (name: string) => join(place, name) });
}
