import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOutline, commandOutlines } from '../../src/cli/command-outline.ts';
import { manualPage } from '../../src/cli/manual-page.ts';
import { bashCompletion } from '../../src/cli/shells/bash.ts';
import { fishCompletion } from '../../src/cli/shells/fish.ts';
import { zshCompletion } from '../../src/cli/shells/zsh.ts';

let outlines: readonly CommandOutline[];
let place: string;

beforeAll(async () => {
  outlines = await commandOutlines();
  place = mkdtempSync(join(tmpdir(), 'inferometer-completion-'));
  writeFileSync(join(place, 'completion.bash'), bashCompletion(outlines));
  writeFileSync(join(place, 'prompts.jsonl'), '');
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

/** What bash offers for the last of the words. */
function offered(...words: string[]): readonly string[] {
  const script = `source ./completion.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _inferometer; printf '%s\\n' "\${COMPREPLY[@]}"`;
  // Outside of a completion, compopt has nothing to set and says so.
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', 'inferometer', ...words], {
    cwd: place,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line !== '');
}

describe.runIf(isThere('bash'))('completion in bash', () => {
  it.each<[string[], string[]]>([
    [['ser'], ['serve', 'serve-mock']],
    [['run', '--patt'], ['--pattern']],
    [
      ['run', '--pattern', 'con'],
      ['constant', 'concurrency'],
    ],
    [
      ['run', '--sample-order', ''],
      ['without-replacement', 'with-replacement', 'sequential'],
    ],
    [
      ['run', '--model', 'm', '--ap'],
      ['--api', '--api-key'],
    ],
    [['run', '--dataset', 'pro'], ['prompts.jsonl']],
    [['run', '--rate', ''], []],
    [['run', '--insec'], ['--insecure']],
    [['dataset', 'i'], ['info']],
    [['dataset', 'info', '--f'], ['--format']],
    [['dataset', 'info', 'pro'], ['prompts.jsonl']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['report', '--sum'],
      ['--summary', '--summary-markdown'],
    ],
  ])('of %j offers %j', (words, wanted) => {
    expect(offered(...words)).toEqual(wanted);
  });

  it('is taken by bash as it is loaded in practice', () => {
    const output = execFileSync('bash', ['-c', 'source <(cat completion.bash) && complete -p inferometer'], {
      cwd: place,
      encoding: 'utf8',
    });
    expect(output).toBe('complete -F _inferometer inferometer\n');
  });
});

describe('completion in zsh and fish', () => {
  it('has every command and flag', () => {
    const [zsh, fish] = [zshCompletion(outlines), fishCompletion(outlines)];
    for (const { name, flags } of outlines) {
      expect(zsh).toContain(`${name.split(' ').at(-1)!}) _arguments`);
      expect(fish).toContain(name.split(' ').at(-1));
      for (const { long } of flags) {
        expect(zsh).toContain(`*${long}[`);
        expect(fish).toContain(`-l ${long.slice(2)} `);
      }
    }
  });

  it.runIf(isThere('zsh'))('is taken by zsh', () => {
    writeFileSync(join(place, '_inferometer'), zshCompletion(outlines));
    execFileSync('zsh', ['-n', join(place, '_inferometer')]);
  });

  it.runIf(isThere('fish'))('is taken by fish', () => {
    writeFileSync(join(place, 'inferometer.fish'), fishCompletion(outlines));
    execFileSync('fish', ['-n', join(place, 'inferometer.fish')]);
  });
});

describe('the manual page', () => {
  it('has every command, flag and variable', () => {
    const page = manualPage(outlines, '1.2.3');
    for (const { name, flags } of outlines) {
      expect(page).toContain(`.SS "inferometer ${name.replaceAll('-', '\\-')}"`);
      for (const { long } of flags) expect(page).toContain(`\\fB${long.replaceAll('-', '\\-')}\\fR`);
    }
    expect(page).toContain('\\fBINFEROMETER_CONCURRENCY\\fR');
  });

  it.runIf(isThere('groff'))('is roff without a warning', () => {
    const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z'], {
      input: manualPage(outlines, '1.2.3'),
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
