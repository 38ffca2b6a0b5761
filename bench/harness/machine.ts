import { availableParallelism, arch, cpus, loadavg, platform, totalmem } from 'node:os';

/** What a result depends on beside the program. */
export interface Machine {
  /** Runs of the same class may be compared; a file name. */
  readonly class: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly platform: string;
  readonly node: string;
  /** Average number of runnable tasks over the last minute, when the run began: above 0 others were at work. */
  readonly loadAverage: number;
}

export function thisMachine(): Machine {
  const cpu = cpus()[0]?.model.trim() || 'unknown CPU';
  const cores = availableParallelism();
  const slug = cpu
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return {
    class: `${platform()}-${arch()}-${cores}-cores-${slug}`,
    cpu,
    cores,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    loadAverage: Math.round(loadavg()[0]! * 100) / 100,
  };
}
