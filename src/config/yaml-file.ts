import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { errorText, type InferometerError } from '../core/errors.ts';
import { PLAIN_VARIABLES, type VariableStyle, withVariables } from './yaml-variables.ts';

/** Keys and values, nested; not checked yet. */
export type Tree = Record<string, unknown>;

/** The settings of a config file, not checked yet, and where each of them stands. */
export interface ConfigFile {
  readonly tree: Tree;
  /** It is an object of a program, not a file. */
  readonly isInMemory?: boolean;
  /** `<file>:<line>:<column>` of the value at a path, or of what is nearest around it. */
  placeOf(path: readonly PropertyKey[]): string;
  /** What a file of another program says that has no equivalent. */
  readonly notes?: readonly string[];
  /** How many samples a file of another program means for a dataset of a size, where no number is set. */
  readonly samplesOf?: ((datasetSize: number) => number) | undefined;
}

/** Makes the error of a place in a file. */
export type RefusePlace = (place: string, what: string) => InferometerError;

type Environment = Readonly<Record<string, string | undefined>>;

/** A file deep enough in others is one that includes itself by another name. */
const MAX_INCLUDES = 20;
/** Tells of each node in which file it stands, also when it was taken over into another one. */
type Places = WeakMap<Node, YamlFile>;

/** A YAML document on its way to a tree of settings. */
export class YamlFile {
  readonly document: Document.Parsed;
  readonly #path: string;
  readonly #refuse: RefusePlace;
  readonly #lines = new LineCounter();
  readonly #places: Places;

  /** Throws what `refuse` makes for text that is not YAML. */
  constructor(text: string, path: string, refuse: RefusePlace, places: Places = new WeakMap()) {
    this.#path = path;
    this.#refuse = refuse;
    this.#places = places;
    this.document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    const [broken] = this.document.errors;
    if (broken !== undefined) throw refuse(this.#placeAt(broken.pos[0]), broken.message);
  }

  /** Replaces the variables in all values. */
  replaceVariables(environment: Environment, style: VariableStyle): void {
    visit(this.document, {
      Scalar: (key, scalar) => {
        if (key === 'key') return;
        const fault = withVariables(scalar, environment, style);
        if (fault !== undefined) throw this.#refuse(this.placeOfNode(scalar), fault);
      },
    });
  }

  /** Puts the content of other files in the place of each `!include`. `within`: the files on the way here. */
  include(within: readonly string[], environment: Environment): void {
    visit(this.document, {
      Scalar: (_key, scalar) => {
        if (scalar.tag !== '!include') return undefined;
        const place = this.placeOfNode(scalar);
        const given = String(scalar.value);
        const path = isAbsolute(given) ? given : join(dirname(this.#path), given);
        const target = resolve(path);
        if (within.includes(target) || within.length > MAX_INCLUDES)
          throw this.#refuse(place, `!include ${given}: the file includes itself`);
        const included = new YamlFile(this.#read(path, place), path, this.#refuse, this.#places);
        included.replaceVariables(environment, PLAIN_VARIABLES);
        included.include([...within, target], environment);
        visit(included.document, {
          Node: (_at, node) => void (this.#places.has(node) || this.#places.set(node, included)),
        });
        const { contents } = included.document;
        if (contents === null) throw this.#refuse(place, `!include ${given}: the file is empty`);
        return contents;
      },
    });
  }

  /** Those at its top. */
  get keys(): readonly string[] {
    const { contents } = this.document;
    return isMap(contents) ? contents.items.map(({ key }) => (isScalar(key) ? String(key.value) : '')) : [];
  }

  placeOfNode(node: unknown): string {
    if (!isNode(node)) return this.#placeAt(0);
    return (this.#places.get(node) ?? this).#placeAt(node.range?.[0] ?? 0);
  }

  /** Throws for a file without keys, and for aliases that lead nowhere or to too much. */
  toFile(empty: string): ConfigFile {
    const tree = this.#value();
    if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
      throw this.#refuse(this.#path, empty);
    return { tree: tree as Tree, placeOf: (keys) => this.placeOf(keys) };
  }

  placeOf(keys: readonly PropertyKey[]): string {
    let nearest: unknown = this.document.contents;
    for (const key of keys) {
      const child = this.#child(nearest, key);
      if (!isNode(child)) break;
      nearest = child;
    }
    return this.placeOfNode(nearest);
  }

  /** The value of a key, or what an alias or `<<` brings. */
  #child(parent: unknown, key: PropertyKey): unknown {
    const node = isAlias(parent) ? parent.resolve(this.document) : parent;
    if (isSeq(node)) return node.items[Number(key)];
    if (!isMap(node)) return undefined;
    const own = node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
    if (own !== undefined) return own.value;
    const merged = node.items.find((pair) => isScalar(pair.key) && pair.key.source === '<<');
    return merged === undefined ? undefined : this.#child(merged.value, key);
  }

  /** An alias without its anchor, or too many of them, are only found when the value is made. */
  #value(): unknown {
    try {
      return this.document.toJS() as unknown;
    } catch (error) {
      throw this.#refuse(this.#path, errorText(error));
    }
  }

  #read(path: string, place: string): string {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw this.#refuse(place, `!include ${path}: can't be read: ${errorText(error)}`);
    }
  }

  #placeAt(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#path}:${line}:${col}`;
  }
}
