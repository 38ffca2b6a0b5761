import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { timedCommand } from '../../harness/cpu-time.ts';
import type { ClientResult } from './order.ts';

/** Benchmarks of language models on PyPI; each has a virtual environment of its own. */
export const PYTHON_PEERS = {
  aiperf: { package: 'aiperf==0.13.0', size: '1.2 GB' },
  guidellm: { package: 'guidellm==0.8.1', size: '6 GB' },
} as const;

export type PythonPeer = keyof typeof PYTHON_PEERS;

/** A run of so many requests: from a file of prompts, not streamed. */
export interface PeerOrder {
  readonly url: string;
  readonly connections: number;
  readonly requests: number;
  /** JSON lines with the text in `prompt` and in `text`; at least as many as requests. */
  readonly prompts: string;
  /** For what the peer writes; empty. */
  readonly directory: string;
}

export function environmentPath(peer: PythonPeer): string {
  return resolve(import.meta.dirname, `../../../.cache/bench/${peer}`);
}

export function hasPythonPeer(peer: PythonPeer): boolean {
  return existsSync(commandOf(peer));
}

/** The command as installed; its CPU time is that of all its processes from start to end. */
export async function runPythonPeer(peer: PythonPeer, order: PeerOrder): Promise<ClientResult> {
  const startedMs = performance.now();
  const tokenizer = writeTokenizer(order.directory);
  const args = peer === 'aiperf' ? aiperfArgs(order, tokenizer) : guidellmArgs(order, tokenizer);
  const { cpuSeconds, stdout, stderr } = await timedCommand(commandOf(peer), args);
  try {
    const requests = peer === 'aiperf' ? aiperfRequests(order) : guidellmRequests(order);
    return { requests, chunks: 0, cpuSeconds, wallSeconds: (performance.now() - startedMs) / 1000 };
  } catch (error) {
    throw new Error(`${peer} failed: ${stdout}${stderr}`, { cause: error });
  }
}

function aiperfArgs({ url, connections, requests, prompts, directory }: PeerOrder, tokenizer: string) {
  return [
    ...['profile', '--model', 'm', '--url', url, '--endpoint-type', 'chat', '--ui', 'none'],
    ...['--input-file', prompts, '--custom-dataset-type', 'single_turn', '--tokenizer', tokenizer],
    ...['--use-server-token-count', '--concurrency', String(connections)],
    ...['--request-count', String(requests), '--output-artifact-dir', directory],
  ];
}

function aiperfRequests({ directory }: PeerOrder): number {
  const result = readJson(join(directory, 'profile_export_aiperf.json')) as {
    readonly request_count: { readonly avg: number };
  };
  return result.request_count.avg;
}

function guidellmArgs({ url, connections, requests, prompts, directory }: PeerOrder, tokenizer: string) {
  return [
    'run',
    '--backend',
    `kind=openai_http,target=${url},model=m,request_format=/v1/chat/completions,stream=false,validate_backend=false`,
    ...['--profile', `kind=concurrent,streams=${connections}`],
    ...['--constraint', `kind=max_requests,count=${requests}`],
    ...['--tokenizer', `kind=huggingface_auto,model=${tokenizer}`],
    ...['--data', `kind=json_file,path=${prompts}`],
    ...['--output', `kind=json,path=${join(directory, 'guidellm.json')}`, '--disable-console'],
  ];
}

function guidellmRequests({ directory }: PeerOrder): number {
  const result = readJson(join(directory, 'guidellm.json')) as {
    readonly benchmarks: readonly {
      readonly metrics: { readonly request_totals: { readonly successful: number } };
    }[];
  };
  return result.benchmarks[0]!.metrics.request_totals.successful;
}

function commandOf(peer: PythonPeer): string {
  return join(environmentPath(peer), 'bin', peer);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Both want a tokenizer; the smallest there can be. */
function writeTokenizer(directory: string): string {
  const path = join(directory, 'tokenizer');
  mkdirSync(path, { recursive: true });
  const unknown = { id: 0, content: '<unk>', special: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  writeFileSync(
    join(path, 'tokenizer.json'),
    JSON.stringify({
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: [{ ...unknown, ...flags }] },
      ...{ normalizer: null, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null },
      model: { type: 'WordLevel', vocab: { '<unk>': 0, hello: 1 }, unk_token: '<unk>' },
    }),
  );
  writeFileSync(
    join(path, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', unk_token: '<unk>', eos_token: '<unk>' }),
  );
  return path;
}
