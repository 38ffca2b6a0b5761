import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { builtFile, ECHARTS_FILE } from '../core/program-files.ts';

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

const ASSETS = ['index.html', 'page.css', 'icon.svg'];
const MAIN = 'web/page/main.js';
const COMPRESS = promisify(gzip);

/**
 * All the page loads, by its path on the server, read once: its own files, its script, and ECharts. What is not in
 * this table is not served, so no path leads anywhere else. Throws `InferometerError` (setup) when the page was not built.
 */
export function loadPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of ASSETS) files.set(`/${name}`, readPageFile(`web/page/${name}`));
  files.set('/', files.get('/index.html')!);
  files.set('/modules/echarts.js', readPageFile(ECHARTS_FILE));
  files.set(`/modules/${MAIN}`, readPageFile(MAIN));
  return files;
}

function readPageFile(path: string): PageFile {
  const bytes = new Uint8Array(readFileSync(builtFile(path)));
  let packed: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    bytes,
    gzipped: () => (packed ??= COMPRESS(bytes).then((zipped) => new Uint8Array(zipped))),
  };
}
