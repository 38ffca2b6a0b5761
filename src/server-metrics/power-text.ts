import { isPower, MOST_DEVICES, type PowerReading } from './power-sample.ts';
import { readPrometheus } from './prometheus-text.ts';

/** Where an exporter tells the power of devices, and by which labels it names them: those it has. */
interface PowerMetric {
  readonly name: string;
  readonly labels: readonly string[];
}

/**
 * Every exporter we know; append to extend. Names as documented: NVIDIA's dcgm-exporter; utkuozdemir/nvidia_gpu_exporter (nvidia-smi); prometheus-community/ipmi_exporter;
 * AMD's Device Metrics Exporter. The first one that is there counts: a machine's own meter has the power of its devices in it.
 */
const POWER_METRICS: readonly PowerMetric[] = [
  // The exporter has no labels of its own; those of a Prometheus that collects from many hosts tell these apart.
  { name: 'ipmi_dcmi_power_consumption_watts', labels: ['instance', 'exported_instance', 'host'] },
  { name: 'DCGM_FI_DEV_POWER_USAGE', labels: ['Hostname', 'UUID'] },
  { name: 'nvidia_smi_power_draw_watts', labels: ['uuid'] },
  { name: 'gpu_average_package_power', labels: ['hostname', 'gpu_id'] },
  { name: 'gpu_package_power', labels: ['hostname', 'gpu_id'] },
];
const WANTED: ReadonlySet<string> = new Set(POWER_METRICS.map(({ name }) => name));

export const KNOWN_POWER_METRICS = POWER_METRICS.map(({ name }) => name).join(', ');

/** The power of each device, and the name of the metric that tells it. */
export interface PowerOfDevices {
  readonly metric: string;
  readonly readings: readonly PowerReading[];
}

/**
 * The power of each device in Prometheus text, by `metric` alone where it is given; undefined when no metric that we know tells any. Parts of a device (MIG) repeat
 * its power, which counts once.
 */
export function readPowerMetrics(text: string, metric?: string): PowerOfDevices | undefined {
  const found = readPrometheus(text, (name) => WANTED.has(name));
  for (const { name, labels } of POWER_METRICS) {
    if (metric !== undefined && name !== metric) continue;
    const watts = new Map<string, number>();
    for (const sample of found.get(name) ?? []) {
      if (isPower(sample.value))
        watts.set(labels.flatMap((label) => sample.labels[label] ?? []).join(' '), sample.value);
    }
    if (watts.size > 0) return { metric: name, readings: [...watts].slice(0, MOST_DEVICES) };
  }
  return undefined;
}

/** A line of a program. */
export interface PowerLine {
  /** Unix time in ms; undefined: now. */
  readonly atMs: number | undefined;
  readonly device: string;
  readonly watts: number;
}

const LINE_ALLOWED =
  'a line must be JSON such as {"watts": 312.5}, with "t" and "device" where they are known';
/** Unix times in seconds are below this until the year 5138, those in ms are above it since 1973. */
const LEAST_MS = 1e11;
const LONGEST_SHOWN = 60;

/** What a line of a program tells, or what is wrong with it. `t` is Unix time in s or ms, or an ISO 8601 text. */
export function readPowerLine(line: string): PowerLine | string {
  const shown = line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
  const fault = (what: string) => `${what} in '${shown}'; ${LINE_ALLOWED}`;
  let told: { readonly t?: unknown; readonly watts?: unknown; readonly device?: unknown };
  try {
    told = Object(JSON.parse(line)) as typeof told;
  } catch {
    return fault('no JSON');
  }
  if (!isPower(told.watts)) return fault('no "watts" of at least 0');
  const atMs = unixMs(told.t);
  if (atMs === null) return fault('"t" is neither Unix time nor ISO 8601');
  const { device = '' } = told;
  return { atMs, device: typeof device === 'string' ? device : JSON.stringify(device), watts: told.watts };
}

function unixMs(t: unknown): number | undefined | null {
  if (t === undefined || t === null) return undefined;
  const ms =
    typeof t === 'string' ? Date.parse(t) : typeof t === 'number' ? (t < LEAST_MS ? t * 1000 : t) : NaN;
  return Number.isFinite(ms) ? ms : null;
}
