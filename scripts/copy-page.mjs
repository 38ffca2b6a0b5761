// Puts what the page loads beside its modules into the build: everything in its folder that is no TypeScript.
import { cpSync, mkdirSync } from 'node:fs';
import { extname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [from, to] = [join(root, 'src/web/page'), join(root, 'dist/web/page')];
mkdirSync(to, { recursive: true });
cpSync(from, to, { recursive: true, filter: (path) => extname(path) !== '.ts' });
