import { isScalar, parseDocument } from 'yaml';
import { readTheirs, resolvedTheirs } from '../../src/config/mlcommons/read-theirs.ts';
import { datasetOfText } from '../../src/config/mlcommons/their-dataset-text.ts';
import { THEIR_VARIABLES, withVariables } from '../../src/config/yaml-variables.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface GoldenConfig {
  readonly name: string;
  readonly input: object;
  readonly valid: boolean;
  readonly resolved?: object;
  /** Where it is wrong, behind the name of their class. */
  readonly error_locations?: readonly string[];
}

interface GoldenDataset {
  readonly input: string;
  readonly result?: object;
  readonly rejected?: boolean;
}

interface GoldenReference {
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly result?: string;
  readonly rejected?: boolean;
}

export const suite: OracleSuite = {
  name: 'config',
  isOptional: true,
  cases: () => {
    const golden = readOracle<{
      configs: readonly GoldenConfig[];
      dataset_strings: readonly GoldenDataset[];
      env_references: readonly GoldenReference[];
    }>('config.json');
    return [
      ...golden.configs.map(configCase),
      ...golden.dataset_strings.map(datasetCase),
      ...golden.env_references.map(referenceCase),
    ];
  },
};

function configCase({
  name,
  input,
  valid,
  resolved,
  error_locations: places = [],
}: GoldenConfig): OracleCase {
  return {
    name,
    run: () => {
      const read = readTheirs(input);
      if ('config' in read) return valid ? differences(resolved, resolvedTheirs(read.config)) : ['accepted'];
      if (valid) return read.problems.map(({ path, message }) => `refused: ${path.join('.')}: ${message}`);
      const wanted = places.map((place) => place.split('.').slice(1).join('.'));
      return differences(
        wanted,
        read.problems.map(({ path }) => path.join('.')),
      );
    },
  };
}

function datasetCase({ input, result, rejected = false }: GoldenDataset): OracleCase {
  return {
    name: `dataset ${input}`,
    run: () => {
      const read = datasetOfText(input);
      if (typeof read === 'string') return rejected ? [] : [read];
      return rejected ? ['accepted'] : differences(result, read);
    },
  };
}

function referenceCase({ input, env, result, rejected = false }: GoldenReference): OracleCase {
  return {
    name: `reference ${input}`,
    run: () => {
      const { contents: scalar } = parseDocument(JSON.stringify(input));
      if (!isScalar(scalar)) throw new Error('no scalar');
      const fault = withVariables(scalar, env, THEIR_VARIABLES);
      if (fault !== undefined) return rejected ? [] : [fault];
      return rejected ? ['accepted'] : differences(result, scalar.value);
    },
  };
}
