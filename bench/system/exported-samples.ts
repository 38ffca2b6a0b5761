import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, type Workspace } from './program.ts';

/** A run, or another command of the program, to its end. Throws with what it said when it failed. */
export async function finished(args: readonly string[]): Promise<void> {
  const program = startProgram(args);
  let said = '';
  program.stdout!.resume();
  program.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  const [code] = (await once(program, 'close')) as [number | null];
  // A verdict of `invalid`, on a busy machine, is 5: the run went through.
  if (code !== 0 && code !== 5) throw new Error(`inferometer ${args[0]}: exit code ${code}: ${said}`);
}

/** The samples of a run in the order of issue, with these columns of its table. */
export async function exportedSamples<Name extends string>(
  workspace: Workspace,
  run: string,
  names: readonly Name[],
): Promise<readonly Readonly<Record<Name, number>>[]> {
  const table = join(workspace.path, 'samples.csv');
  await finished(['export', run, '--samples', 'csv', '--out', table]);
  const [head, ...lines] = readFileSync(table, 'utf8').trimEnd().split(/\r?\n/);
  const columns = head!.split(',');
  const places = names.map((name) => columns.indexOf(name));
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, Number(cells[places[i]!])])) as Record<
      Name,
      number
    >;
  });
}
