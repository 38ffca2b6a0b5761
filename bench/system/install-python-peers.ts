/** Installs the peers from PyPI, each in a virtual environment of its own. Usage: npm run bench:peers [-- aiperf|guidellm …] */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { environmentPath, hasPythonPeer, PYTHON_PEERS, type PythonPeer } from './clients/python-peers.ts';

const names = Object.keys(PYTHON_PEERS) as PythonPeer[];
const given = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

for (const name of names.filter((known) => given.length === 0 || given.includes(known))) {
  const { package: spec, size } = PYTHON_PEERS[name];
  say(`installing ${spec} (${size}) …`);
  const environment = environmentPath(name);
  run('python3', ['-m', 'venv', environment]);
  run(join(environment, 'bin/pip'), ['install', '--quiet', spec]);
  say(
    hasPythonPeer(name)
      ? `${name} is installed`
      : `${name} could not be installed; its bench will be skipped`,
  );
}

function run(command: string, args: readonly string[]): void {
  const { error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) say(`${command}: ${error.message}`);
}
