import { ModelPlan } from '../plan/model-plan.ts';
import type { TurnPlaces } from './sample-recorder.ts';

/** The models of a run. Crosses threads by structured clone. */
export interface ModelSettings {
  /** Those a plan chooses from, with their weights. */
  readonly weights: readonly number[];
  /** As Uint16Array, by dataset row: 0, or the number of its own model among all of the run, plus 1. Absent where no row has one. */
  readonly ofRows?: SharedArrayBuffer | undefined;
  /** How the requests of planned models other than the first are made; absent where there is one. */
  readonly others?: OtherModels | undefined;
}

/** What sets the requests of a planned model apart from those of the first, which lie in the arenas. */
export interface OtherModels {
  /** Of each planned model: its name as JSON. */
  readonly names: readonly string[];
  /** As Uint32Array, by dataset row: where in the body the name of the first model is; {@link NO_NAME} where it is not. */
  readonly nameAt: SharedArrayBuffer;
  /** Of each endpoint and planned model: the head of a request up to the length of its body. */
  readonly heads: readonly (readonly string[])[];
}

export const NO_NAME = 2 ** 32 - 1;

/** Tells which model each sample of one worker is for. A conversation keeps its model. */
export class SampleModels {
  readonly #plan: ModelPlan;
  readonly #ofRows: Uint16Array | undefined;
  readonly #turns: TurnPlaces | undefined;
  #first = 0;

  constructor({ weights, ofRows }: ModelSettings, seed: number, turns: TurnPlaces | undefined) {
    this.#plan = new ModelPlan(weights, seed);
    this.#ofRows = ofRows && new Uint16Array(ofRows);
    this.#turns = turns;
  }

  /** Numbers of the phase's first sample and of its first conversation: models are planned by what comes after these. */
  beginPhase(firstSampleSeq: number, firstConversation: number): void {
    this.#first = this.#turns === undefined ? firstSampleSeq : firstConversation;
  }

  /** Position among all models of the run. @hot */
  of(seq: number, row: number): number {
    const own = this.#ofRows === undefined ? 0 : this.#ofRows[row]!;
    return own > 0 ? own - 1 : this.planned(seq);
  }

  /** The model that a sample is planned for, unless its row has its own. @hot */
  planned(seq: number): number {
    const number = this.#turns === undefined ? seq : this.#turns.placeOf(seq).conversation;
    return this.#plan.modelOf(number - this.#first);
  }

  /** Position among the planned models; 0 for a row with its own, whose request is ready. @hot */
  requestOf(seq: number, row: number): number {
    return this.#ofRows !== undefined && this.#ofRows[row]! > 0 ? 0 : this.planned(seq);
  }
}
