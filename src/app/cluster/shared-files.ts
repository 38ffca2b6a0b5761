import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '@nats-io/obj';
import type { SharedFile, SharedPath } from '../../cluster/messages.ts';
import { isTemplate } from '../../config/template-file.ts';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import { DATASET_EXTENSIONS, extensionOf } from '../../dataset/source.ts';
import { RUN_LOG } from '../run-folder/run-log-place.ts';
import type { NatsPlace } from './nats-place.ts';

const BUCKET = 'inferometer-files';
/** Of files in the store; an agent has them in its own cache by then. */
const KEPT_NS = 7 * 24 * 3600 * 1e9;
const TEMPLATE = 'template:';
/** Of a folder that holds a tokenizer, beside which there may be a model. */
const TOKENIZER_FILES: readonly string[] = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];

/** Puts the files that the configuration names into the object store, each once by its digest. Names that are no files here are left alone. */
export async function shareFiles(place: NatsPlace, config: RunConfig): Promise<readonly SharedPath[]> {
  const shared: SharedPath[] = [];
  const store = await openStore(place);
  for (const path of pathsOf(config)) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    const isFolder = found.isDirectory();
    const names = isFolder ? await usableFilesIn(path) : [basename(path)];
    if (path === config.dataset && isFolder) await requireShareable(path, names);
    const files: SharedFile[] = [];
    for (const name of names) files.push(await shareFile(store, isFolder ? join(path, name) : path, name));
    shared.push({ path, isFolder, files });
  }
  return shared;
}

/**
 * The configuration with the paths of files on this machine, fetched where they are missing. Throws `INFEROMETER_CLUSTER_FILE` (input) for a
 * file that is not what its digest says.
 */
export async function withSharedFiles(
  place: NatsPlace,
  config: RunConfig,
  paths: readonly SharedPath[],
  cacheFolder: string,
): Promise<RunConfig> {
  const here = new Map<string, string>();
  const store = paths.length === 0 ? undefined : await openStore(place);
  for (const { path, isFolder, files } of paths) {
    const folder = join(
      cacheFolder,
      digestOf(files.map(({ digest, name }) => `${digest} ${name}`).join('\n')),
    );
    for (const file of files) await fetchFile(store!, file, join(folder, file.name));
    here.set(path, isFolder ? folder : join(folder, files[0]!.name));
  }
  return withPaths(config, (path) => here.get(path) ?? path);
}

function pathsOf(config: RunConfig): readonly string[] {
  const paths = new Set<string>();
  withPaths(config, (path) => {
    paths.add(path);
    return path;
  });
  return [...paths];
}

/** The configuration with other paths for the files that it names. */
function withPaths(config: RunConfig, pathOf: (path: string) => string): RunConfig {
  const { dataset, tokenizer, api, phases, client } = config;
  return {
    ...config,
    ...(dataset === undefined ? {} : { dataset: pathOf(dataset) }),
    ...(tokenizer === undefined ? {} : { tokenizer: pathOf(tokenizer) }),
    ...(isTemplate(api) ? { api: `${TEMPLATE}${pathOf(api.slice(TEMPLATE.length))}` as const } : {}),
    ...(phases === undefined
      ? {}
      : {
          phases: phases.map((phase) =>
            phase.dataset === undefined ? phase : { ...phase, dataset: pathOf(phase.dataset) },
          ),
        }),
    client: { ...client, ...(client.ca_file === undefined ? {} : { ca_file: pathOf(client.ca_file) }) },
  };
}

/** Prompts of a run are in its log, and files of other names may be anything: agents would make other prompts, or none. */
async function requireShareable(folder: string, names: readonly string[]): Promise<void> {
  if ((await stat(join(folder, RUN_LOG)).catch(() => undefined)) !== undefined) {
    throw fileError(
      `--dataset ${folder}: the folder of a run can't be shared with agents; give the dataset of that run`,
    );
  }
  if (names.some((name) => !TOKENIZER_FILES.includes(name))) return;
  throw fileError(
    `--dataset ${folder}: it has no file to share with agents; wanted names that end in ${DATASET_EXTENSIONS.join(', ')}`,
  );
}

async function usableFilesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => TOKENIZER_FILES.includes(name) || DATASET_EXTENSIONS.includes(extensionOf(name)))
    .sort();
}

async function openStore({ js }: NatsPlace): Promise<ObjectStore> {
  const { Objm } = await import('@nats-io/obj');
  return new Objm(js).create(BUCKET, { ttl: KEPT_NS, storage: 'file' as never });
}

async function shareFile(store: ObjectStore, path: string, name: string): Promise<SharedFile> {
  const { digest, bytes } = await digestOfFile(path);
  if ((await store.info(digest)) === null) {
    const blob = await openAsBlob(path);
    await store.put({ name: digest }, blob.stream(), { timeout: 60_000 });
  }
  return { digest, bytes, name };
}

async function fetchFile(store: ObjectStore, file: SharedFile, path: string): Promise<void> {
  const there = await digestOfFile(path).catch(() => undefined);
  if (there?.digest === file.digest) return;
  const object = await store.get(file.digest);
  if (object === null) throw fileError(`${file.name}: the object store of NATS has no such file (any more)`);
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.fromWeb(object.data as never), createWriteStream(part));
    const { digest } = await digestOfFile(part);
    if (digest !== file.digest)
      throw fileError(`${file.name} arrived with digest ${digest} instead of ${file.digest}`);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

async function digestOfFile(path: string): Promise<{ readonly digest: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { digest: hash.digest('hex'), bytes };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function fileError(text: string): InferometerError {
  return new InferometerError('INFEROMETER_CLUSTER_FILE', 'input', text);
}
