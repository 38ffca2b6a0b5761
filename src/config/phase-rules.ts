import { InferometerError } from '../core/errors.ts';
import type { ConfigFile } from './yaml-file.ts';
import { inputError } from './input-error.ts';
import { placeInFile } from './refusals.ts';
import { phaseConfigs } from './run-phases.ts';
import type { RunConfig } from './schema.ts';

type Rule = (config: RunConfig) => void;

/** What is wrong with the settings of a run that has no phases of its own, or of those of each phase. */
export function phaseProblems(
  config: RunConfig,
  file: ConfigFile | undefined,
  rules: readonly Rule[],
): readonly InferometerError[] {
  const phases = phaseConfigs(config);
  const place = (index: number) => placeInFile(['phases', index], file);
  const own = config.phases === undefined ? [] : LIST_RULES.flatMap((check) => check(config, file));
  return [
    ...own,
    ...phases.flatMap((phase, index) =>
      rules.flatMap((rule) => {
        const problem = problemOf(() => rule(phase.config));
        if (problem === undefined || config.phases === undefined) return problem ?? [];
        return inputError(`${place(index)} (${phase.name}): ${problem.message}`);
      }),
    ),
  ];
}

/** About the list as a whole. */
const LIST_RULES: readonly ((
  config: RunConfig,
  file: ConfigFile | undefined,
) => readonly InferometerError[])[] = [
  ({ phases }, file) =>
    phases!.some(({ measure }) => measure)
      ? []
      : [
          inputError(
            `${placeInFile(['phases'], file)}: one of them must be measured (got measure: false for all)`,
          ),
        ],
  ({ phases }, file) => {
    const names = phases!.map(({ name }) => name);
    const again = names.findIndex((name, index) => names.indexOf(name) < index);
    if (again < 0) return [];
    const place = placeInFile(['phases', again], file);
    return [inputError(`${place}: two phases have the name ${names[again]}; give each its own`)];
  },
  ({ until }, file) =>
    until === undefined
      ? []
      : [inputError(`${placeInFile(['phases'], file)}: --until is for a run with one load, without phases`)],
  // The engine has one limit for the whole run.
  (config, file) => {
    const caps = phaseConfigs(config).map((phase) => phase.config.load.max_in_flight);
    const other = caps.findIndex((cap) => cap !== caps[0]);
    if (other < 0) return [];
    const [first, own] = [caps[0], caps[other]].map((cap) => cap ?? 'none');
    const place = placeInFile(['phases', other], file);
    return [
      inputError(
        `${place}: max_in_flight must be the same in each phase (got ${first} in the first and ${own} here)`,
      ),
    ];
  },
];

function problemOf(check: () => void): InferometerError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof InferometerError) return error;
    throw error;
  }
}
