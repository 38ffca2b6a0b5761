import type { Command } from 'commander';
import type { Finding } from '../app/machine/doctor.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';

export function doctorCommand(finish: (exitCode: number) => void): Command {
  return createCommand('doctor', COMMANDS.doctor, ['inferometer doctor', 'inferometer doctor --json'])
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0, 3 when something makes runs wrong.')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { examineMachine } = await import('../app/machine/doctor.ts');
      const findings = examineMachine();
      const text = json === true ? JSON.stringify({ findings }, null, 2) : findingsText(findings);
      process.stdout.write(`${text}\n`);
      finish(findings.some(({ state }) => state === 'wrong') ? EXIT_CODES.setup : EXIT_CODES.ok);
    });
}

function findingsText(findings: readonly Finding[]): string {
  const [states, names] = [findings.map(({ state }) => state), findings.map(({ name }) => name)];
  const [stateWidth, nameWidth] = [widest(states), widest(names)];
  return findings
    .map(({ state, name, found, advice }) => {
      const line = `${state.padEnd(stateWidth)}  ${name.padEnd(nameWidth)}  ${found}`;
      return advice === null ? line : `${line}: ${advice}`;
    })
    .join('\n');
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length));
}
