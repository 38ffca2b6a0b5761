// Builds the site into dist-site. The pages are copied here first: VitePress looks for its packages from where they are.
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vitepress';

const site = import.meta.dirname;
const docs = join(site, '..');
const pages = join(site, 'pages');

rmSync(pages, { recursive: true, force: true });
for (const name of readdirSync(docs)) {
  if (name !== 'site') cpSync(join(docs, name), join(pages, name), { recursive: true });
}
await build(site);
rmSync(pages, { recursive: true });
