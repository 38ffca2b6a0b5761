import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorText, InferometerError } from '../../core/errors.ts';
import { hubFolderIn, type HubKind, hubSnapshot, isHubName, ownHubCache } from '../../core/hub-cache.ts';
import type { Log } from '../../core/log.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import { countedText } from '../../core/quantity-text.ts';
import { redactUrls } from '../../core/redact-url.ts';
import { hubNameOf, isThere } from '../../dataset/hub-files.ts';
import { DATASET_EXTENSIONS, extensionOf } from '../../dataset/source.ts';

/** What a tokenizer is made of. */
const TOKENIZER_FILES: readonly string[] = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];
const MAX_LIST_BYTES = 2 ** 24;
/** A name in a path that can't lead out of its folder. */
const SAFE_PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0/][^\\\0]*$/;

const REVISION = /^(?!\.+$)[\w.-]+$/;

/** What is asked for by name, and where it may be fetched. */
export interface HubRequest {
  readonly hub: string;
  readonly dataset: string | undefined;
  readonly tokenizer: string | undefined;
}

/**
 * Fetches the dataset and the tokenizer that are named, and are on this machine neither as files nor in a cache, from a hub that speaks the API of
 * Hugging Face, into our own cache. A token is taken from `HF_TOKEN`.
 *
 * Throws `INFEROMETER_HUB` (input) for what the hub does not give.
 */
export async function fetchFromHub({ hub, dataset, tokenizer }: HubRequest, log: Log): Promise<void> {
  const name = dataset === undefined ? undefined : hubNameOf(dataset);
  if (name !== undefined) await fetchUnlessThere(hub, 'datasets', name, log);
  if (tokenizer !== undefined) await fetchUnlessThere(hub, 'models', tokenizer, log);
}

async function fetchUnlessThere(hub: string, kind: HubKind, name: string, log: Log): Promise<void> {
  if (!isHubName(name) || (await isThere(name)) || (await hubSnapshot(kind, name)) !== undefined) return;
  const { sha, siblings } = await repositoryOf(hub, kind, name);
  const files = siblings.filter((path) => SAFE_PATH.test(path) && isWanted(kind, path));
  if (files.length === 0) {
    const what = kind === 'models' ? 'tokenizer.json' : `file of data (${DATASET_EXTENSIONS.join(', ')})`;
    throw hubError(hub, name, `has no ${what}`);
  }
  log.info(`fetching ${name} from ${redactUrls(hub)}: ${countedText(files.length, 'file')}`);
  const folder = hubFolderIn(ownHubCache(), kind, name);
  const snapshot = join(folder, 'snapshots', sha);
  for (const path of files) await fetchFile(hub, kind, name, { path, sha, to: join(snapshot, path) });
  await makeDirectory(join(folder, 'refs'));
  // Last, so that a snapshot is there as a whole or not at all.
  await writeFile(join(folder, 'refs', 'main'), sha);
}

function isWanted(kind: HubKind, path: string): boolean {
  return kind === 'models' ? TOKENIZER_FILES.includes(path) : DATASET_EXTENSIONS.includes(extensionOf(path));
}

interface Repository {
  readonly sha: string;
  /** Paths of its files. */
  readonly siblings: readonly string[];
}

async function repositoryOf(hub: string, kind: HubKind, name: string): Promise<Repository> {
  const response = await get(hub, name, `api/${kind}/${name}`);
  const text = await response.text();
  if (text.length > MAX_LIST_BYTES) throw hubError(hub, name, 'has a list of files above 16 MiB');
  try {
    const { sha, siblings } = JSON.parse(text) as {
      readonly sha: unknown;
      readonly siblings: readonly { readonly rfilename: unknown }[];
    };
    if (typeof sha !== 'string' || !REVISION.test(sha)) throw new Error('it names no revision');
    const paths = siblings.map(({ rfilename }) => rfilename);
    return { sha, siblings: paths.filter((path): path is string => typeof path === 'string') };
  } catch (error) {
    throw hubError(hub, name, `is described in a way that can't be read: ${errorText(error)}`);
  }
}

async function fetchFile(
  hub: string,
  kind: HubKind,
  name: string,
  { path, sha, to }: { readonly path: string; readonly sha: string; readonly to: string },
): Promise<void> {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const prefix = kind === 'models' ? '' : `${kind}/`;
  const response = await get(hub, name, `${prefix}${name}/resolve/${sha}/${encoded}`);
  await makeDirectory(dirname(to));
  const partial = `${to}.part`;
  try {
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw hubError(hub, name, `${path} could not be fetched: ${errorText(error)}`);
  }
}

async function get(hub: string, name: string, path: string): Promise<Response> {
  const { HF_TOKEN } = process.env;
  let response: Response;
  try {
    response = await fetch(new URL(path, hub.endsWith('/') ? hub : `${hub}/`), {
      headers: HF_TOKEN === undefined || HF_TOKEN === '' ? {} : { authorization: `Bearer ${HF_TOKEN}` },
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw hubError(hub, name, `could not be fetched: ${errorText(cause)}`);
  }
  if (response.ok) return response;
  const isDenied = response.status === 401 || response.status === 403;
  const advice = isDenied ? '; set HF_TOKEN, if you have access to it' : '';
  throw hubError(hub, name, `could not be fetched: HTTP ${response.status} for ${path}${advice}`);
}

function hubError(hub: string, name: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_HUB', 'input', `--hub ${redactUrls(hub)}: ${name} ${what}`);
}
