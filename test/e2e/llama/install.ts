import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeRandomModel } from './random-model.ts';

const VERSION = '3.22.1';

export interface LlamaInstallation {
  /** Holds node_modules with node-llama-cpp. */
  readonly directory: string;
  readonly modelPath: string;
}

/**
 * Puts llama.cpp (a prebuilt library inside an npm package, 85 MB) and a random model into an ignored folder of their own, once. Not
 * a dependency: its lock entries break `npm ci` where a platform's build is missing.
 */
export function installLlama(): LlamaInstallation {
  const directory = resolve(import.meta.dirname, '../../../.cache/llama');
  const modelPath = join(directory, 'random.gguf');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(join(directory, 'node_modules/node-llama-cpp/package.json'))) {
    writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
    const packages = [`node-llama-cpp@${VERSION}`, `@node-llama-cpp/linux-x64@${VERSION}`];
    const flags = [
      '--no-save',
      '--omit=optional',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    execFileSync('npm', ['install', ...flags, ...packages], { cwd: directory, stdio: 'inherit' });
  }
  writeRandomModel(modelPath);
  return { directory, modelPath };
}
