import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { InferometerError } from '../core/errors.ts';

/** A file of the page as it goes out. */
export interface PageFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Packed once, when first asked for. */
  gzipped(): Promise<Uint8Array<ArrayBuffer>>;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the build has the page; the sources run with it too. */
const BUILD = resolve(fileURLToPath(new URL('../..', import.meta.url)), 'dist');
const ASSETS = ['index.html', 'page.css', 'icon.svg'];
const MAIN = 'web/page/main.js';
const IMPORTED = /^\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm;
const COMPRESS = promisify(gzip);

/**
 * All the page loads, by its path on the server, read once: its own files, the modules its script imports, and ECharts. What is not in
 * this table is not served, so no path leads anywhere else. Throws `InferometerError` (setup) when the page was not built.
 */
export function loadPageFiles(): ReadonlyMap<string, PageFile> {
  if (!existsSync(resolve(BUILD, MAIN))) {
    throw new InferometerError(
      'INFEROMETER_WEB_NOT_BUILT',
      'setup',
      `${resolve(BUILD, MAIN)}: the page has not been built; try: npm run build`,
    );
  }
  const files = new Map<string, PageFile>();
  for (const name of ASSETS) files.set(`/${name}`, readPageFile(resolve(BUILD, 'web/page', name)));
  files.set('/', files.get('/index.html')!);
  files.set(
    '/modules/echarts.js',
    readPageFile(fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.js'))),
  );
  addModules(resolve(BUILD, MAIN), files);
  return files;
}

/** Adds a module of the build and all it imports. */
function addModules(path: string, files: Map<string, PageFile>): void {
  const name = `/modules/${relative(BUILD, path)}`;
  if (files.has(name)) return;
  const file = readPageFile(path);
  files.set(name, file);
  for (const [, from, bare] of Buffer.from(file.bytes).toString('utf8').matchAll(IMPORTED)) {
    const imported = (from ?? bare)!;
    if (!imported.startsWith('.')) {
      throw new InferometerError(
        'INFEROMETER_WEB_IMPORT',
        'internal',
        `${path}: a page can only import modules of ours (got ${imported})`,
      );
    }
    addModules(resolve(path, '..', imported), files);
  }
}

function readPageFile(path: string): PageFile {
  const bytes = new Uint8Array(readFileSync(path));
  let packed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    bytes,
    gzipped: () => (packed ??= COMPRESS(bytes).then((zipped) => new Uint8Array(zipped))),
  };
}
