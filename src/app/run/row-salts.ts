import { sharedUint32 } from '../../core/shared-numbers.ts';
import type { RunConfig } from '../../config/schema.ts';
import { HEX_SALT, type SaltAlphabet, Salts } from '../../dataset/salt.ts';
import { type SaltPosition, saltedRow } from '../../dataset/salted-row.ts';
import type { RowValues } from '../../dataset/row.ts';
import type { SaltSettings } from '../../engine/salted-requests.ts';

/** A row with its salt. */
export interface SaltedRow {
  readonly row: RowValues;
  readonly salt: string;
}

/** Puts salts into rows, and keeps where they are for requests that get another one each time they are sent. */
export class RowSalts {
  readonly #position: SaltPosition;
  readonly #isPerRequest: boolean;
  readonly #salts: Salts;
  /** Of each endpoint: where in each request its salt begins. */
  readonly #offsets: readonly number[][];

  /** `alphabet`: of salts that are in the rows already. */
  constructor(
    {
      position,
      per,
    }: {
      readonly position: SaltPosition;
      readonly per: NonNullable<RunConfig['salt']>['per'];
    },
    seed: number,
    endpointCount: number,
    alphabet: SaltAlphabet = HEX_SALT,
  ) {
    this.#position = position;
    this.#isPerRequest = per === 'request';
    this.#salts = new Salts(alphabet, seed, 'row');
    this.#offsets = Array.from({ length: endpointCount }, () => []);
  }

  /** The row with the salt of a number. Throws as `saltedRow` does. */
  salted(
    row: RowValues,
    key: number,
    options: { readonly place: () => string; readonly isConversation?: boolean },
  ): SaltedRow {
    const salt = this.#salts.textOf(key);
    return { row: saltedRow(row, salt, this.#position, options), salt };
  }

  /** Tells where a request has its salt: a head of so many bytes, and the body behind it. To be called for each, in order. */
  place(endpoint: number, headBytes: number, body: string, salt: string): void {
    if (!this.#isPerRequest) return;
    const at = body.indexOf(salt);
    if (at < 0 || body.includes(salt, at + 1))
      throw new Error(`the salt must be in the request once: ${salt}`);
    this.#offsets[endpoint]!.push(headBytes + Buffer.byteLength(body.slice(0, at)));
  }

  /** For the engine; undefined where requests keep the salts of their rows. */
  finish(): SaltSettings | undefined {
    if (!this.#isPerRequest) return undefined;
    const offsets = this.#offsets.map(sharedUint32);
    return { alphabet: this.#salts.alphabet, offsets };
  }
}
