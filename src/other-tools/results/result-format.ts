/** A request as a result file tells of it. Times are ns since the run began. */
export interface ImportedSample {
  readonly sentNs: number;
  readonly endNs: number;
  /** When each chunk came, in order; none where it was not streamed or only the end is known. */
  readonly chunksNs: readonly number[];
  readonly promptTokens?: number;
  readonly outputTokens?: number;
  readonly text?: string;
  /** Set for one that failed. */
  readonly error?: { readonly type: string; readonly message: string };
}

/** A run of another tool, request by request. */
export interface ImportedRun {
  /** The tool, with its version where the file has it. */
  readonly loadGenerator: string;
  /** Wall clock at the start, ISO 8601; empty where the file does not tell. */
  readonly startedAt: string;
  readonly model?: string;
  readonly samples: readonly ImportedSample[];
  /** Length of the run, ns; at least until the last response. */
  readonly durationNs: number;
  readonly requestedRatePerSecond?: number;
  /** What the file lacks and our own runs have. */
  readonly missing: readonly string[];
  /** What was left out of the file, one sentence each. */
  readonly notes: readonly string[];
}

/** The figures of a file without requests, by name and in words. */
export interface SummaryOnly {
  readonly loadGenerator: string;
  readonly figures: readonly (readonly [name: string, value: string])[];
  /** What to run again to have the requests. */
  readonly instead: string;
}

/** Objects of a file: one, or one a line. */
export type Documents = readonly unknown[];

/** One kind of result file. A new one is a file with this and an entry of `RESULT_FORMATS`. */
export interface ResultFormat {
  readonly name: string;
  /** Whether these are of this kind, by what they hold. */
  readonly isMeant: (documents: Documents) => boolean;
  /** Throws `Error` with what is wrong and where, for a value that is missing or of another kind. */
  readonly read: (documents: Documents) => ImportedRun | SummaryOnly;
}

export const CLIENT_UNKNOWN = 'client health';
export const DUE_UNKNOWN = 'due times';
export const TEXTS_UNKNOWN = 'prompts';
