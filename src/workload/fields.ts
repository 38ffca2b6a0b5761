import { datasetError, isRowValues, type RowValues, shown } from '../dataset/row.ts';

/**
 * The fields of one object of a dataset, by kind. Each getter throws `INFEROMETER_DATASET_INVALID` with place, name, what is allowed and
 * what was found. A field that is null is taken for missing.
 */
export class Fields {
  readonly values: RowValues;
  readonly place: () => string;
  /** Numbers may stand as text, as they do in CSV. */
  readonly #isText: boolean;

  constructor(values: unknown, place: () => string, isText = false) {
    if (!isRowValues(values)) throw datasetError(place(), `must be an object (got ${shown(values)})`);
    this.values = values;
    this.place = place;
    this.#isText = isText;
  }

  has(name: string): boolean {
    const value = this.values[name];
    return value !== undefined && value !== null && !(this.#isText && value === '');
  }

  /** The first of these names that is there. */
  nameOf(...names: readonly string[]): string | undefined {
    return names.find((name) => this.has(name));
  }

  /** The error of one field. */
  fault(name: string, allowed: string): Error {
    const value = this.values[name];
    const got = value === undefined ? 'it is missing' : `got ${shown(value)}`;
    return datasetError(`${this.place()}: ${name}`, `must be ${allowed} (${got})`);
  }

  /** A finite number of at least `least`. */
  number(name: string, least: number = -Infinity): number {
    const raw = this.values[name];
    const value = this.#isText && typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
    throw this.fault(name, least === -Infinity ? 'a number' : `a number of at least ${least}`);
  }

  numberOr<T>(name: string, least: number, otherwise: T): number | T {
    return this.has(name) ? this.number(name, least) : otherwise;
  }

  /** A whole number of at least `least`. */
  count(name: string, least = 0): number {
    const value = this.#isText || typeof this.values[name] === 'number' ? this.number(name) : NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw this.fault(name, least === 1 ? 'a whole number from 1 up' : `a whole number from ${least} up`);
  }

  countOr<T>(name: string, least: number, otherwise: T): number | T {
    return this.has(name) ? this.count(name, least) : otherwise;
  }

  text(name: string): string {
    const value = this.values[name];
    if (typeof value === 'string' && value !== '') return value;
    throw this.fault(name, 'text that is not empty');
  }

  textOr<T>(name: string, otherwise: T): string | T {
    return this.has(name) ? this.text(name) : otherwise;
  }

  list(name: string): readonly unknown[] {
    const value = this.values[name];
    if (Array.isArray(value)) return value as readonly unknown[];
    throw this.fault(name, 'a list');
  }

  listOr(name: string): readonly unknown[] {
    return this.has(name) ? this.list(name) : [];
  }

  /** A list of texts. */
  texts(name: string): readonly string[] {
    const list = this.listOr(name);
    if (list.every((item) => typeof item === 'string')) return list;
    throw this.fault(name, 'a list of texts');
  }

  object(name: string): RowValues {
    const value = this.values[name];
    if (isRowValues(value)) return value;
    throw this.fault(name, 'an object');
  }

  objectOr<T>(name: string, otherwise: T): RowValues | T {
    return this.has(name) ? this.object(name) : otherwise;
  }

  /** The objects of a list, each with its place. */
  *objects(name: string): Generator<Fields> {
    for (const [index, item] of this.listOr(name).entries()) {
      yield new Fields(item, () => `${this.place()}: ${name}[${index}]`);
    }
  }

  /** The fields but these. */
  without(names: readonly string[]): RowValues {
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => !names.includes(name)));
  }

  /** The first name that is not one of these, if there is one. */
  unknownName(known: readonly string[]): string | undefined {
    return Object.keys(this.values).find((name) => !known.includes(name));
  }
}
