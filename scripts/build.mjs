// Builds the program into dist. Modules that are used together are gathered in one file: loading them one by one takes most of the time that a
// start takes. Types are not looked at here (npm test does).
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { isolatedDeclarationSync } from 'rolldown/experimental';
import { gitSha } from './git-sha.mjs';
import { gatheredByStartPath } from './start-paths.mjs';
import { ThirdPartyLicenses } from './third-party-licenses.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** What programs import: `exports` in package.json. */
const LIBRARY = 'api/index';
/** What threads and processes start with: see src/core/program-files.ts. */
const ENTRIES = [
  'cli/main',
  'app/event-bus/event-bus.main',
  'app/fold/aggregator.main',
  'app/run/plugin-toolkit',
  'app/server-metrics/scraper.main',
  'app/views/views.main',
  'app/views/compare.main',
  'engine/probe.main',
  'engine/read-ahead.main',
  'engine/worker.main',
  'tokens/token-worker.main',
  'workload/synthesis/prompt-worker.main',
];

/** Packages with native parts: they stay in node_modules and are the package's dependencies. All others are gathered with our modules. */
const NATIVE_PACKAGES = ['zeromq', '@resvg/resvg-js'];

/** React's developer tools: ink loads them when DEV is set and they are installed. */
const OPTIONAL_PACKAGES = ['react-devtools-core'];

const licenses = new ThirdPartyLicenses(root);

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const buildFacts = JSON.stringify({ version, gitSha: gitSha(root) });

rmSync(dist, { recursive: true, force: true });
await write(
  {
    input: Object.fromEntries(
      [LIBRARY, ...ENTRIES].map((entry) => [entry, join(root, 'src', `${entry}.ts`)]),
    ),
    platform: 'node',
    // The files of entries may export more than theirs do: what others need of them.
    preserveEntrySignatures: 'allow-extension',
    external: [...NATIVE_PACKAGES, ...OPTIONAL_PACKAGES],
  },
  {
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ debugName: 'start paths', name: gatheredByStartPath(join(root, 'src')) }],
    },
  },
);
chmodSync(join(dist, 'cli/main.js'), 0o755);

// The live page: one module, and what it loads beside it. The charts are also drawn without a browser, by the same file.
await write(
  { input: join(root, 'src/web/page/main.ts'), platform: 'browser' },
  { file: join(dist, 'web/page/main.js') },
);
await write(
  { input: join(root, 'src/charts/echarts.ts'), platform: 'browser' },
  { file: join(dist, 'charts/echarts.js'), minify: true },
);
cpSync(join(root, 'src/web/page'), join(dist, 'web/page'), {
  recursive: true,
  filter: (path) => extname(path) !== '.ts',
});
writeDeclarations();
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licenses.text());

async function write(input, output) {
  const bundle = await rolldown({
    cwd: root,
    tsconfig: false,
    transform: {
      target: 'es2024',
      define: {
        'process.env.NODE_ENV': '"production"',
        __BUILD_FACTS__: buildFacts,
      },
    },
    ...input,
  });
  const { output: files } = await bundle.write({
    format: 'esm',
    ...(output.file === undefined ? { dir: dist } : {}),
    ...output,
  });
  licenses.add(files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
}

/** The types of what programs import: of the modules in package.json and of those that their types name. Each file tells its types without others. */
function writeDeclarations() {
  const [files, waiting] = [
    new Set(),
    ['api/index.ts', 'app/run/plugin-toolkit.ts'].map((file) => join(root, 'src', file)),
  ];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    const { code, errors } = isolatedDeclarationSync(path, readFileSync(path, 'utf8'));
    if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`);
    for (const [, name] of code.matchAll(/from "(\.[^"]*)"/g)) waiting.push(join(dirname(path), name));
    const target = join(dist, relative(join(root, 'src'), path).replace(/\.ts$/, '.d.ts'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}
