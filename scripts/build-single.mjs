// Builds dist-single/inferometer: one file that runs on a machine without Node. It is a shell script with the program, its Node and its native packages packed behind
// it, which unpacks itself once. As a command: node scripts/build-single.mjs [FILE] [--fast]; --fast packs less tightly.
//
// Node's own single executables run one script only. Workers, the aggregator and the other processes of a run need several, so they would have to unpack
// themselves too.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeProgramFolder } from './program-folder.mjs';

const root = join(import.meta.dirname, '..');
const [file = join(root, 'dist-single/inferometer')] = process.argv
  .slice(2)
  .filter((word) => word !== '--fast');
const level = process.argv.includes('--fast') ? 1 : 9;

const folder = mkdtempSync(join(tmpdir(), 'inferometer-single-'));
try {
  writeProgramFolder(folder);
  const tar = execFileSync('tar', ['-cf', '-', '-C', folder, '.'], { maxBuffer: 2 ** 31 - 1 });
  const packed = gzipSync(tar, { level });
  const hash = createHash('sha256').update(packed).digest('hex').slice(0, 16);
  const target = resolve(file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, Buffer.concat([Buffer.from(header(hash)), packed]));
  chmodSync(target, 0o755);
  console.log(`${target}: ${Math.round(readFileSync(target).length / 1e6)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Unpacks what is behind it under a name of its own, so that several versions and several starts at once don't meet. */
function header(hash) {
  const script = `#!/bin/sh
# Inferometer with the Node that it runs on. Unpacks itself once into INFEROMETER_HOME, by default ~/.cache/inferometer.
cache=\${XDG_CACHE_HOME:-\${HOME:+$HOME/.cache}}
base=\${INFEROMETER_HOME:-\${cache:+$cache/inferometer}}
place=$base/${hash}
if [ ! -x "$place/node" ]; then
  if [ -z "$base" ] || ! mkdir -p "$base" 2>/dev/null || ! unpacking=$(mktemp -d "$base/unpacking-XXXXXX"); then
    echo "error: \${base:-HOME}: cannot be written; set INFEROMETER_HOME to a folder for the unpacked program (150 MB)" >&2
    exit 3
  fi
  if ! tail -n +LINES "$0" | tar -xzf - -C "$unpacking"; then
    rm -rf "$unpacking"
    echo "error: $base: the program could not be unpacked; free 150 MB there or set INFEROMETER_HOME" >&2
    exit 3
  fi
  # What can't run, as after a cleanup that took part of it, gives way. Another start may have been faster: then its folder stays.
  [ -e "$place" ] && [ ! -x "$place/node" ] && mv "$place" "$unpacking.broken" 2>/dev/null
  if [ ! -x "$place/node" ]; then
    mv "$unpacking" "$place" 2>/dev/null
    # If its folder came in between, ours is now inside.
    rm -rf "$place/\${unpacking##*/}"
  fi
  rm -rf "$unpacking" "$unpacking.broken"
fi
exec "$place/node" --max-semi-space-size=8 "$place/dist/cli/main.js" "$@"
`;
  return script.replace('LINES', String(script.split('\n').length));
}
