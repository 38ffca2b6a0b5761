import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { cacheFolder } from '../../core/cache-folder.ts';
import { openRegularFile } from '../../core/careful-read.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import { tokenizerFile } from '../../tokens/tokenizer.ts';
import { MadeTexts } from './prompt-threads.ts';
import type { PromptWorkerData } from './prompt-worker-messages.ts';

/** To be raised when the same content makes other prompts than before. */
const VERSION = 1;
/** Ours, and those of writers that were killed. */
const NAME = /^[0-9a-f]{64}\.prompts$|^\.inferometer-[0-9a-f]{32}\.tmp$/;
const MAX_FILE_BYTES = 2 ** 28;
const MAX_FOLDER_BYTES = 2 ** 30;
/** No writer takes so long. */
const ABANDONED_MS = 3_600_000;
/** Counts of texts, bytes and inexact texts, 8 bytes each. */
const HEAD_BYTES = 24;
const CHECKSUM_BYTES = 32;

/** `inferometer/prompts` below `XDG_CACHE_HOME` or `~/.cache`. */
export function promptCacheFolder(environment: Readonly<NodeJS.ProcessEnv>): string {
  return cacheFolder(environment, 'prompts');
}

/** Everything that texts depend on, as one name: the content of the tokenizer's files, the words and all lengths. */
export async function promptCacheKey({ source, exact }: PromptWorkerData): Promise<string> {
  const hash = createHash('sha256');
  const { seed, lexicon, prefixes, salt, excerpts, plan } = source;
  hash.update(JSON.stringify([VERSION, seed, lexicon, prefixes, salt, excerpts?.words, exact?.use]));
  const columns = [plan.ownTokens, plan.prefixes, plan.openings, excerpts?.tokens, excerpts?.startTokens];
  for (const column of [...columns, exact?.tokens]) {
    hash.update(`\n${column?.byteLength ?? 'none'}\n`);
    if (column !== undefined) hash.update(column);
  }
  if (exact !== undefined) await addTokenizer(hash, exact.tokenizerPath);
  return hash.digest('hex');
}

async function addTokenizer(hash: Hash, path: string): Promise<void> {
  const file = await tokenizerFile(path);
  const beside = ['tokenizer_config.json', 'chat_template.jinja'].map((name) => join(dirname(file), name));
  for (const one of [file, ...beside]) {
    const bytes = await contentOf(one, true).catch(() => undefined);
    hash.update(`\n${bytes?.length ?? 'none'}\n`);
    if (bytes !== undefined) hash.update(bytes);
  }
}

/**
 * Texts that earlier runs made, in files of up to 256 MiB, 1 GiB in all. A file is there as a whole or not at all. One that is damaged, is a link or
 * belongs to somebody else counts as missing. Nothing here ever fails a run.
 */
export class PromptCache {
  readonly #folder: string;
  readonly #maxBytes: number;

  constructor(folder: string, maxBytes = MAX_FOLDER_BYTES) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Undefined when they are not there. */
  async read(key: string, textCount: number): Promise<MadeTexts | undefined> {
    const path = this.#path(key);
    try {
      const bytes = await contentOf(path, false);
      const made = parsed(bytes, textCount);
      const now = new Date();
      if (made !== undefined) await utimes(path, now, now);
      return made;
    } catch {
      return undefined;
    }
  }

  /** Keeps texts, and removes those that were not used for longest where there are too many. */
  async write(key: string, made: MadeTexts): Promise<void> {
    const size = HEAD_BYTES + 4 * made.count + made.byteLength + CHECKSUM_BYTES;
    if (size > MAX_FILE_BYTES) return;
    try {
      await makeDirectory(this.#folder);
      await this.#makeRoom(size);
      await replaceFile(this.#path(key), (file) => writeTexts(file, made));
    } catch {
      // A disk that is full, a home that can't be written to: the next run makes them again.
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.prompts`);
  }

  async #makeRoom(size: number): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => NAME.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const { size: bytes, mtimeMs } = await stat(path);
        return { path, bytes, mtimeMs };
      }),
    );
    let sum = size + files.reduce((total, { bytes }) => total + bytes, 0);
    const oldMs = Date.now() - ABANDONED_MS;
    for (const { path, bytes, mtimeMs } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      const isAbandoned = path.endsWith('.tmp') && mtimeMs < oldMs;
      if (sum <= this.#maxBytes && !isAbandoned) continue;
      await rm(path, { force: true });
      sum -= bytes;
    }
  }
}

async function contentOf(path: string, mayBeLink: boolean): Promise<Buffer> {
  const file = await openRegularFile(path, mayBeLink);
  try {
    const { size, uid } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`${path} is too large`);
    if (!mayBeLink && uid !== process.getuid?.()) throw new Error(`${path} belongs to somebody else`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function writeTexts(file: FileHandle, made: MadeTexts): Promise<void> {
  const hash = createHash('sha256');
  const write = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await file.writeFile(bytes);
  };
  await write(new Uint8Array(Float64Array.of(made.count, made.byteLength, made.inexact).buffer));
  await write(new Uint8Array(made.ends().buffer));
  for (const { bytes } of made.blocks) await write(bytes);
  await file.writeFile(hash.digest());
}

/** Undefined for a file that is damaged, or of other texts. */
function parsed(file: Buffer, textCount: number): MadeTexts | undefined {
  const bodyEnd = file.length - CHECKSUM_BYTES;
  if (bodyEnd < HEAD_BYTES) return undefined;
  const sum = createHash('sha256').update(file.subarray(0, bodyEnd)).digest();
  if (!sum.equals(file.subarray(bodyEnd))) return undefined;
  const body = new Uint8Array(file.subarray(0, bodyEnd));
  const [count = NaN, byteLength = NaN, inexact = NaN] = new Float64Array(body.buffer, 0, 3);
  const textsAt = HEAD_BYTES + 4 * count;
  if (count !== textCount || textsAt + byteLength !== bodyEnd) return undefined;
  const ends = new Uint32Array(body.buffer, HEAD_BYTES, count);
  return new MadeTexts([{ from: 0, bytes: body.slice(textsAt), ends, inexact }]);
}
