#!/usr/bin/env -S node --max-semi-space-size=8
// The young space is bounded: V8 would double it after each stall and keep it, memory that a long run seems to leak.
//
// Entry of the program. Nothing is imported before the version is known to do: an old Node would stop at the first thing it lacks.
import module from 'node:module';

const OLDEST = [22, 19] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `error: Inferometer needs Node ${OLDEST.join('.')} or newer (this is ${process.versions.node}); ` +
      'install it from https://nodejs.org, or run: npx -p node@24 -p inferometer inferometer\n',
  );
  process.exitCode = 3;
} else {
  module.enableCompileCache();
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv);
}
