import { MOST_DEVICES } from '../../server-metrics/power-sample.ts';
import type { PowerLine } from '../../server-metrics/power-text.ts';

/** Readings of one device that were taken at a shorter distance are left out. */
const LEAST_DISTANCE_MS = 50;
/** A burst is lines of one device that come at once after as long a silence; a program that just prints fast has no silence. */
const SILENCE_MS = 500;
const BURST_LINES = 3;

interface Device {
  /** The next reading is kept from here on, Unix ms. */
  nextMs: number;
  /** When its latest line came. */
  heardMs: number;
  /** Lines without a time since the latest silence. */
  burstBeganMs: number;
  burstLines: number;
}

/** Which readings of a program the run hears of, however much it prints. In bounded memory. */
export class ReadingSieve {
  readonly #devices = new Map<string, Device>();
  readonly #note: (text: string) => void;
  readonly #noted = new Set<string>();

  /** `note` is told of what is wrong with the lines, each thing once. */
  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** `nowMs`: Unix time. */
  keeps({ device, atMs }: Pick<PowerLine, 'device' | 'atMs'>, nowMs: number): boolean {
    let known = this.#devices.get(device);
    if (known === undefined) {
      if (this.#devices.size >= MOST_DEVICES) {
        this.#noteOnce(`it names more than ${MOST_DEVICES} devices; those that came later are left out`);
        return false;
      }
      known = { nextMs: -Infinity, heardMs: nowMs, burstBeganMs: -Infinity, burstLines: 0 };
      this.#devices.set(device, known);
    }
    if (atMs === undefined) this.#watchForBurst(known, nowMs);
    known.heardMs = nowMs;
    const takenMs = atMs ?? nowMs;
    if (takenMs < known.nextMs) return false;
    known.nextMs = takenMs + LEAST_DISTANCE_MS;
    return true;
  }

  #watchForBurst(device: Device, nowMs: number): void {
    if (nowMs - device.heardMs >= SILENCE_MS) {
      device.burstBeganMs = nowMs;
      device.burstLines = 0;
    }
    if (nowMs - device.burstBeganMs >= LEAST_DISTANCE_MS || ++device.burstLines < BURST_LINES) return;
    this.#noteOnce(
      'several lines without "t" came at once for one device, and only the first of them counts; flush the output after each line, or print "t", and tell devices apart by "device"',
    );
  }

  #noteOnce(text: string): void {
    if (this.#noted.has(text)) return;
    this.#noted.add(text);
    this.#note(text);
  }
}
