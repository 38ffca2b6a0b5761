import { sharedUint32 } from '../../core/shared-numbers.ts';
import type { WeightedModel } from '../../config/models.ts';
import { inputError } from '../../config/input-error.ts';
import { MAX_GROUP_VALUES } from '../../core/sample-groups.ts';
import { type ModelSettings, NO_NAME } from '../../engine/sample-models.ts';

/** Stands for the name of the model while a request is made. */
const MARK = '\u0001 model \u0001';
const MARK_JSON = JSON.stringify(MARK);
const MARK_IN_JSON = MARK_JSON.slice(1, -1);
/** More names are one: those beyond have no figures of their own. */
const MOST_NAMES = MAX_GROUP_VALUES + 1;

/** A body with the name of the first model, and where that is. */
export interface NamedBody {
  readonly body: string;
  /** Characters before the name; -1 where the request does not name a planned model. */
  readonly nameAt: number;
}

/** The models of a run: those of its plan, and those that rows name. */
export class RowModels {
  readonly #planned: readonly WeightedModel[];
  readonly #names: string[];
  readonly #ofRows: number[] = [];
  readonly #nameAt: number[] = [];
  #hasOwn = false;

  constructor(planned: readonly WeightedModel[]) {
    this.#planned = planned;
    this.#names = planned.map(({ name }) => name);
  }

  /** What requests are to be made with: {@link placed} puts the name there. */
  get model(): string {
    return this.#planned.length === 1 ? this.#names[0]! : MARK;
  }

  /** Throws `InferometerError` (input) where a request names its model twice, or within a longer text. */
  placed(body: string): NamedBody {
    if (this.#planned.length === 1) return { body, nameAt: -1 };
    const [nameAt, found] = [body.indexOf(MARK_JSON), body.split(MARK_IN_JSON).length - 1];
    if (found === 0) return { body, nameAt: -1 };
    if (nameAt < 0 || found > 1) {
      throw inputError('with several --model the request must name its model once, as a value of its own');
    }
    const rest = body.slice(nameAt + MARK_JSON.length);
    return { body: body.slice(0, nameAt) + JSON.stringify(this.#names[0]) + rest, nameAt };
  }

  /** Tells of each row, in order, where its body has the name, and the model that it names itself. */
  add({ body, nameAt }: NamedBody, own: string | undefined): void {
    const isPlanned = own === undefined || own === MARK;
    this.#hasOwn ||= !isPlanned;
    this.#ofRows.push(isPlanned ? 0 : this.#positionOf(own) + 1);
    if (this.#planned.length === 1) return;
    this.#nameAt.push(nameAt < 0 ? NO_NAME : Buffer.byteLength(body.slice(0, nameAt)));
  }

  /** All names, those of the plan first. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** `heads`: see `OtherModels`. */
  finish(heads: readonly (readonly string[])[]): ModelSettings {
    return {
      weights: this.#planned.map(({ weight }) => weight),
      ...(this.#hasOwn && { ofRows: shared(this.#ofRows) }),
      ...(this.#planned.length > 1 && {
        others: {
          names: this.#planned.map(({ name }) => JSON.stringify(name)),
          nameAt: sharedUint32(this.#nameAt),
          heads,
        },
      }),
    };
  }

  #positionOf(name: string): number {
    const known = this.#names.indexOf(name);
    if (known >= 0) return known;
    if (this.#names.length < MOST_NAMES) this.#names.push(name);
    return this.#names.length - 1;
  }
}

function shared(values: readonly number[]): SharedArrayBuffer {
  const column = new Uint16Array(new SharedArrayBuffer(values.length * Uint16Array.BYTES_PER_ELEMENT));
  column.set(values);
  return column.buffer;
}
