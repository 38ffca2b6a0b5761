import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One golden case: a name, and a check that throws (or returns the differences as text lines) when it does not hold. */
export interface OracleCase {
  readonly name: string;
  run(): void | readonly string[] | Promise<void | readonly string[]>;
}

/** All cases of one golden file. */
export interface OracleSuite {
  readonly name: string;
  /** Whether a set of golden data may lack the file. */
  readonly isOptional?: boolean;
  cases(): readonly OracleCase[];
}

/** The folder of golden data: `ORACLES_DIR`, or the set in the repository. */
export function oraclesDirectory(): string {
  return process.env.ORACLES_DIR ?? join(import.meta.dirname, '../oracles');
}

/** Reads a golden file; integers beyond 2^53 become bigint. */
export function readOracle<T>(file: string): T {
  const text = readFileSync(join(oraclesDirectory(), file), 'utf8');
  return JSON.parse(text, reviveBigIntegers as (key: string, value: unknown) => unknown) as T;
}

function reviveBigIntegers(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
