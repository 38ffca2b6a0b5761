/** Which exit code an error leads to: who has to act, and when it was noticed. */
export type ErrorKind = 'input' | 'setup' | 'execution' | 'result' | 'interrupted' | 'internal';

/** Process exit codes, the one table of the program. */
export const EXIT_CODES: Readonly<Record<ErrorKind | 'ok' | 'worse' | 'missed', number>> = {
  ok: 0,
  internal: 1,
  input: 2,
  setup: 3,
  execution: 4,
  result: 5,
  /** A comparison found a run worse than its baseline. */
  worse: 6,
  /** An SLO was missed. */
  missed: 7,
  interrupted: 130,
};

/**
 * The one error class of the program.
 *
 * `code` is stable (`INFEROMETER_<AREA>_<WHAT>`) and may be matched on; `message` says where, what was found and what
 * was wanted, in one line a person can act on. Failures of the endpoint under test are data, never one of these.
 */
export class InferometerError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;

  constructor(
    code: `INFEROMETER_${string}`,
    kind: ErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'InferometerError';
    this.code = code;
    this.kind = kind;
  }
}

/** Marks a branch that the type system proves unreachable. */
export function assertNever(value: never): never {
  throw new InferometerError(
    'INFEROMETER_INTERNAL_UNREACHABLE',
    'internal',
    `unexpected value ${JSON.stringify(value)}`,
  );
}

/** The text of whatever was thrown, for a message or a log line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
