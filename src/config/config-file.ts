import { isCollection, isNode, LineCounter, parseDocument } from 'yaml';
import { errorText, InferometerError } from '../core/errors.ts';

/** Keys and values, nested; not checked yet. */
export type Tree = Record<string, unknown>;

/** The settings of a config file, not checked yet, and where each of them stands. */
export interface ConfigFile {
  readonly tree: Tree;
  /** `<file>:<line>:<column>` of the value at a path, or of what is nearest around it. */
  placeOf(path: readonly PropertyKey[]): string;
}

/** Makes the error of a place in a file. */
export type RefusePlace = (place: string, what: string) => InferometerError;

/** Reads the YAML of a config file. Throws `INFEROMETER_CONFIG_FILE` (input) with line and column for text that is not YAML. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  return parseYamlFile(
    text,
    path,
    configError,
    'has no settings; it needs keys and values such as "model: my-model"',
  );
}

/** The same for a file that is read for something else. `empty` is said of one without keys. */
export function parseYamlFile(text: string, path: string, refuse: RefusePlace, empty: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw refuse(placeAt(broken.pos[0]), broken.message);
  const tree = valueOf(() => document.toJS() as unknown, path, refuse);
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw refuse(path, empty);
  }
  const offsetOf = (keys: readonly PropertyKey[]): number => {
    const node =
      keys.length === 0 || isCollection(document.contents) ? document.getIn(keys, true) : undefined;
    const offset = isNode(node) ? node.range?.[0] : undefined;
    return offset ?? (keys.length === 0 ? 0 : offsetOf(keys.slice(0, -1)));
  };
  return { tree: tree as Tree, placeOf: (keys) => placeAt(offsetOf(keys)) };
}

/** An alias without its anchor, or too many of them, are only found when the value is made. */
function valueOf(make: () => unknown, path: string, refuse: RefusePlace): unknown {
  try {
    return make();
  } catch (error) {
    throw refuse(path, errorText(error));
  }
}

export function configError(place: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_CONFIG_FILE', 'input', `--config ${place}: ${what}`);
}
