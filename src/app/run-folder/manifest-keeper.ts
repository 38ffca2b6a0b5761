import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { writeManifest, type RunDirectory, type RunManifest } from './run-directory.ts';

/** Keeps run.json in step with the run. Changes are written one after another; a failure is a warning, never the run's end. */
export class ManifestKeeper {
  readonly #directory: RunDirectory;
  readonly #log: Log;
  #manifest: RunManifest;
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: RunDirectory, manifest: RunManifest, log: Log) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#log = log;
  }

  /** Resolves when the change is on disk. */
  update(change: Partial<RunManifest>): Promise<void> {
    this.#manifest = { ...this.#manifest, ...change };
    const manifest = this.#manifest;
    this.#writing = this.#writing
      .then(() => writeManifest(this.#directory, manifest))
      .catch((error: unknown) => this.#log.warning(`${this.#directory.manifestPath}: ${errorText(error)}`));
    return this.#writing;
  }
}

/** What a reader of the results may want to know of this machine. */
export function machineFacts(): RunManifest['machine'] {
  return {
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? null,
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    node: process.version,
  };
}
