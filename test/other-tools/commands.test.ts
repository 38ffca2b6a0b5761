import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run.ts';
import { settingTexts } from '../../src/cli/setting-texts.ts';
import { SETTINGS } from '../../src/config/flags.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { RunConfig } from '../../src/config/schema.ts';
import type { Meaning } from '../../src/other-tools/meaning.ts';
import { shellWords } from '../../src/other-tools/shell-words.ts';
import { translate, type Translation } from '../../src/other-tools/translate.ts';

interface Case {
  readonly tool: string;
  readonly command: string;
  readonly meaning: Meaning & { readonly note?: string };
}

/** Command lines of other tools and what they do; docs/migration.md says where they are from. */
const CASES = JSON.parse(readFileSync(join(import.meta.dirname, 'commands.json'), 'utf8')) as readonly Case[];

const NAMES: Readonly<Record<string, string>> = {
  'vllm bench serve': 'vllm',
  'sglang.bench_serving': 'sglang',
  'aiperf profile': 'aiperf',
  'genai-perf profile': 'genai-perf',
  'guidellm run': 'guidellm',
  'guidellm benchmark': 'guidellm',
};

/** What the cases leave out: defaults that differ from ours, and what only notes are made of. */
const BEYOND = ['timeout_seconds', 'wait_ready_seconds', 'limit_field', 'notes'] as const;

function translated({ tool, command }: Pick<Case, 'tool' | 'command'>): Translation {
  const words = tool === 'inference-perf' ? ['--config_file', 'config.yml'] : shellWords(command);
  return translate(NAMES[tool] ?? tool, words, { readFile: () => command });
}

/** The settings that our own command line comes to. Throws for a flag that it does not have. */
function configOf(words: readonly string[]): RunConfig {
  const command: Command = runCommand(() => undefined);
  command.configureOutput({ writeErr: () => undefined });
  command.action(() => undefined).parse([...words], { from: 'user' });
  return resolveConfig({ environment: {}, flags: settingTexts(command, SETTINGS) });
}

/** That the settings are what the command line means, as far as one run says it. */
function checkConfig(config: RunConfig, meaning: Meaning): void {
  const { load, stop } = meaning;
  const isStreaming =
    config.streaming === 'auto' ? config.load.pattern !== 'burst' : config.streaming === 'on';
  if (meaning.api !== 'openai-embeddings') expect(isStreaming).toBe(meaning.streaming);
  if (meaning.seed !== undefined) expect(config.seed).toBe(meaning.seed);
  if (meaning.ignore_eos !== undefined) {
    const { sampling_params: sampling = {} } = config.extra as { readonly sampling_params?: object };
    expect({ ...sampling, ...config.extra }).toMatchObject(meaning.ignore_eos ? { ignore_eos: true } : {});
    expect(JSON.stringify(config.extra).includes('ignore_eos')).toBe(meaning.ignore_eos);
  }
  expect(config.client.headers).not.toHaveProperty('undefined');
  if (stop.requests !== undefined && meaning.dataset.turns === undefined)
    expect(config.stop.samples).toBe(stop.requests);
  if (stop.seconds !== undefined && !('ramp_seconds' in load))
    expect(config.stop.duration_ms).toBe(stop.seconds * 1000);
  if (load.kind === 'rate') {
    expect(config.load).toMatchObject({ pattern: load.arrival, rate_per_second: load.per_second });
    expect(config.load.burstiness).toBe(load.shape);
    expect(config.load.max_in_flight).toBe(load.max_in_flight);
  }
  if (load.kind === 'concurrency' && load.ramp_seconds === undefined)
    expect(config.load).toMatchObject({ pattern: 'concurrency', concurrency: load.concurrency });
  if (load.kind === 'all_at_once' && load.max_in_flight !== undefined)
    expect(config.load).toMatchObject({ pattern: 'concurrency', concurrency: load.max_in_flight });
  if (load.kind === 'all_at_once' && load.max_in_flight === undefined) {
    expect(config.load.pattern).toBe('burst');
    expect(config.client.max_connections).toBe(stop.requests);
  }
  const limits = Object.values(meaning.goodput_ms ?? {});
  expect((config.good ?? '').match(/\d+ms/g) ?? []).toEqual(limits.map((ms) => `${ms}ms`));
  if (meaning.warmup?.requests !== undefined)
    expect(config.warmup?.samples ?? 0).toBe(meaning.warmup.requests);
}

const isGrpc = ({ meaning }: Case) => meaning.endpoint.transport === 'grpc';

describe('command lines of other tools', () => {
  it('are all there', () => {
    expect(CASES.length).toBe(70);
    expect(new Set(CASES.map(({ tool }) => tool)).size).toBe(8);
  });

  it.each(CASES.filter((one) => !isGrpc(one)))('$command', (one) => {
    const { meaning, commands, notes } = translated(one);
    const { note: _note, ...wanted } = one.meaning;
    const found: Record<string, unknown> = { ...meaning };
    for (const name of BEYOND) if (!(name in wanted)) delete found[name];
    expect(JSON.parse(JSON.stringify(found))).toEqual(wanted);
    expect(commands.length).toBeGreaterThan(0);
    for (const { words, text } of commands) {
      checkConfig(configOf(words), meaning);
      expect(shellWords(text.replace(/^INFEROMETER_API_KEY=… /, ''))).toEqual([
        'inferometer',
        'run',
        ...words,
      ]);
    }
    for (const sentence of notes) expect(sentence).toMatch(/^\S.*[^.]\.$/);
    expect(JSON.stringify([commands, notes])).not.toMatch(/Bearer|undefined|NaN|null/);
  });

  it('that need gRPC are refused with what to do', () => {
    const [one] = CASES.filter(isGrpc);
    expect(() => translated(one!)).toThrow(
      /--endpoint-type must be one of .*got kserve, which is gRPC.*--api triton/,
    );
  });
});
