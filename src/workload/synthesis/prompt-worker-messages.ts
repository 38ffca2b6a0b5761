import type { PromptUse } from './prompt-counter.ts';
import type { TextSource } from './text-maker.ts';

/** What a thread that makes texts starts with. */
export interface PromptWorkerData {
  readonly source: TextSource;
  /** Count each text, and put it right; undefined where a sample has shown that they are exact. */
  readonly exact: ExactTexts | undefined;
}

/** How texts are counted. */
export interface ExactTexts {
  readonly tokenizerPath: string;
  readonly use: PromptUse;
  /** Tokens that each text has as the prompt of a request without anything else. */
  readonly tokens: Uint32Array;
}

/** Texts from one to before another. */
export interface PromptWorkerRequest {
  readonly from: number;
  readonly to: number;
}

/** Texts one after the other in UTF-8. */
export interface MadeBlock {
  readonly from: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each ends. */
  readonly ends: Uint32Array;
  /** Those whose length could not be made exact. */
  readonly inexact: number;
}
