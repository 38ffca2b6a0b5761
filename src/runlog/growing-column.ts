interface Column {
  readonly length: number;
  [index: number]: number;
  set(values: this): void;
  subarray(begin: number, end: number): this;
}

const FIRST_LENGTH = 1024;

/** A typed array that grows by doubling as positions are set, in ascending order of first use. */
export class GrowingColumn<A extends Column> {
  readonly #create: new (length: number) => A;
  #values: A;

  constructor(create: new (length: number) => A) {
    this.#create = create;
    this.#values = new create(FIRST_LENGTH);
  }

  get(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) this.#grow(index + 1);
    this.#values[index] = value;
  }

  /** The first `count` values, a view. */
  upTo(count: number): A {
    if (count > this.#values.length) this.#grow(count);
    return this.#values.subarray(0, count);
  }

  #grow(wanted: number): void {
    const longer = new this.#create(Math.max(wanted, this.#values.length * 2));
    longer.set(this.#values);
    this.#values = longer;
  }
}
