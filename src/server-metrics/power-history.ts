import type { PowerSample } from './power-sample.ts';

/** How energy grew at one source: ns since the run's origin, J since the first reading, and for how long of that time the power was known, ns. */
export type EnergyPoint = readonly [atNs: number, joules: number, knownNs: number];

/** What one source of power told; in the extras of a snapshot as `power`, a list. */
export interface PowerFacts {
  readonly source: string;
  /** The most at once. */
  readonly devices: number;
  readonly readings: number;
  readonly failures: number;
  readonly last_failure: string | null;
  /** By time; exact at each point. */
  readonly energy: readonly EnergyPoint[];
}

/** Between two readings farther apart the power is not known. A device that has told none for as long is gone. */
const LONGEST_GAP_NS = 10e9;
/** When there are more, every other one is dropped, and later ones are taken at twice the distance: those that stay are exact, and apart by less than 1/256 of the run. */
const MOST_POINTS = 512;

interface Device {
  readonly watts: number;
  readonly atNs: number;
}

interface Metered {
  /** Those that were heard of last come last. */
  readonly devices: Map<string, Device>;
  /** At once. */
  mostDevices: number;
  total: number;
  readings: number;
  failures: number;
  lastFailure: string | null;
  energy: EnergyPoint[];
  /** Between the points that are kept. */
  distanceNs: number;
  /** Kept or not. */
  latest: EnergyPoint | undefined;
}

/** Folds readings of power, in order, into energy: each source by itself, in bounded memory. */
export class PowerHistory {
  readonly #sources = new Map<string, Metered>();

  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** What all sources draw once this sample is known, W; undefined for one that failed. */
  fold({ at_ns: atNs, source, readings, failure, complete }: PowerSample): number | undefined {
    const metered = this.#metered(source);
    if (readings === null) {
      metered.failures += 1;
      metered.lastFailure = failure;
      return undefined;
    }
    metered.readings += 1;
    const before = metered.total;
    if (complete === true) removeAll(metered);
    for (const [device, watts] of readings) setDevice(metered, device, { watts, atNs });
    removeOld(metered, atNs);
    const { latest } = metered;
    if (latest === undefined || atNs > latest[0])
      addPoint(metered, nextPoint(latest, atNs, (before + metered.total) / 2));
    const isKnown = ({ latest: last }: Metered) => last !== undefined && atNs - last[0] <= LONGEST_GAP_NS;
    return [...this.#sources.values()].reduce((sum, one) => sum + (isKnown(one) ? one.total : 0), 0);
  }

  facts(): readonly PowerFacts[] {
    return [...this.#sources].map(
      ([source, { mostDevices, readings, failures, lastFailure, energy, latest }]) => ({
        ...{ source, devices: mostDevices, readings, failures, last_failure: lastFailure },
        energy: latest === undefined || energy.at(-1) === latest ? energy : [...energy, latest],
      }),
    );
  }

  #metered(source: string): Metered {
    let metered = this.#sources.get(source);
    if (metered === undefined) {
      metered = {
        ...{ devices: new Map(), mostDevices: 0, total: 0, readings: 0, failures: 0, lastFailure: null },
        ...{ energy: [], distanceNs: 0, latest: undefined },
      };
      this.#sources.set(source, metered);
    }
    return metered;
  }
}

function removeAll(metered: Metered): void {
  metered.devices.clear();
  metered.total = 0;
}

function setDevice(metered: Metered, name: string, device: Device): void {
  const { devices } = metered;
  metered.total += device.watts - (devices.get(name)?.watts ?? 0);
  // So that it comes last.
  devices.delete(name);
  devices.set(name, device);
  metered.mostDevices = Math.max(metered.mostDevices, devices.size);
}

/** Of a source that tells its devices one by one. */
function removeOld(metered: Metered, atNs: number): void {
  for (const [name, device] of metered.devices) {
    if (atNs - device.atNs <= LONGEST_GAP_NS) return;
    metered.devices.delete(name);
    metered.total -= device.watts;
  }
}

function nextPoint(latest: EnergyPoint | undefined, atNs: number, meanWatts: number): EnergyPoint {
  if (latest === undefined) return [atNs, 0, 0];
  const [beforeNs, joules, knownNs] = latest;
  const tookNs = atNs - beforeNs;
  if (tookNs > LONGEST_GAP_NS) return [atNs, joules, knownNs];
  return [atNs, joules + (meanWatts * tookNs) / 1e9, knownNs + tookNs];
}

function addPoint(metered: Metered, point: EnergyPoint): void {
  const kept = metered.energy.at(-1);
  metered.latest = point;
  if (kept !== undefined && point[0] - kept[0] < metered.distanceNs) return;
  metered.energy.push(point);
  if (metered.energy.length <= MOST_POINTS) return;
  const spanNs = point[0] - metered.energy[0]![0];
  metered.energy = metered.energy.filter((_, i) => i % 2 === 0);
  metered.distanceNs = spanNs / (MOST_POINTS / 2);
}

/** The sources in the extras of a snapshot, which somebody else may have written; what is none is left out. */
export function readPowerFacts(power: unknown): readonly PowerFacts[] {
  return Array.isArray(power) ? power.filter(isFacts) : [];
}

function isFacts(value: unknown): value is PowerFacts {
  const { source, devices, readings, failures, energy } = Object(value) as Partial<PowerFacts>;
  return (
    typeof source === 'string' &&
    [devices, readings, failures].every(Number.isFinite) &&
    Array.isArray(energy) &&
    energy.every((point) => Array.isArray(point) && point.length === 3 && point.every(Number.isFinite))
  );
}

/** Energy of one source in a window, J, and for how long of it the power was known, ns. */
export function energyIn(
  energy: readonly EnergyPoint[],
  fromNs: number,
  toNs: number,
): { readonly joules: number; readonly knownNs: number } {
  const [[, startJ, startKnownNs], [, endJ, endKnownNs]] = [pointAt(energy, fromNs), pointAt(energy, toNs)];
  return { joules: endJ - startJ, knownNs: endKnownNs - startKnownNs };
}

/** Between two points it grows evenly; outside of all of them not at all. */
function pointAt(energy: readonly EnergyPoint[], atNs: number): EnergyPoint {
  const after = energy.findIndex(([ns]) => ns >= atNs);
  if (after === -1) return energy.at(-1) ?? [atNs, 0, 0];
  if (after === 0) return energy[0]!;
  const [before, next] = [energy[after - 1]!, energy[after]!];
  const share = (atNs - before[0]) / (next[0] - before[0]);
  const between = (i: 1 | 2) => before[i] + share * (next[i] - before[i]);
  return [atNs, between(1), between(2)];
}
