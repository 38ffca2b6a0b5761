/** What one device draws, W. */
export type PowerReading = readonly [device: string, watts: number];

/** Content of a `power` frame: what one source told at one moment. */
export interface PowerSample {
  /** ns since the run's origin at which it was measured, as far as the source tells. */
  readonly at_ns: number;
  /** The URL or the command. */
  readonly source: string;
  /** Null when there was nothing to read, and why. */
  readonly readings: readonly PowerReading[] | null;
  readonly failure: string | null;
  /** The readings are of all devices of the source, as an exporter tells them; absent where devices are told one by one. */
  readonly complete?: true;
}

/** Devices of one source. */
export const MOST_DEVICES = 1024;

/** A sample that a frame may hold; undefined for what is none. */
export function powerSampleOf(value: unknown): PowerSample | undefined {
  const { at_ns: atNs, source, readings } = (value ?? {}) as Partial<PowerSample>;
  const isSample =
    typeof atNs === 'number' &&
    Number.isFinite(atNs) &&
    typeof source === 'string' &&
    (readings === null ||
      (Array.isArray(readings) && readings.length <= MOST_DEVICES && readings.every(isReading)));
  return isSample ? (value as PowerSample) : undefined;
}

function isReading(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'string' && isPower(value[1]);
}

/** Whether a number may be a power in W. */
export function isPower(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
