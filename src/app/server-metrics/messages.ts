import type { PowerSample } from '../../server-metrics/power-sample.ts';
import type { ServerSample } from '../../server-metrics/server-sample.ts';

/** The run to the process that looks at servers. */
export type ToScraper = OpenScraper | { readonly kind: 'close' };

/** `originNs`: of the run's clock, a whole number as text. */
export interface OpenScraper {
  readonly kind: 'open';
  /** Where servers tell their metrics. */
  readonly urls: readonly string[];
  /** Where there are no metrics, nothing is told, and nobody looks there any more. */
  readonly areGuesses: boolean;
  /** URLs and commands that tell what the servers draw. */
  readonly power: readonly string[];
  readonly originNs: string;
}

/** And back. */
export type FromScraper =
  | { readonly kind: 'sample'; readonly sample: ServerSample }
  | { readonly kind: 'power'; readonly sample: PowerSample }
  /** A warning about what a source of power tells. */
  | { readonly kind: 'note'; readonly source: string; readonly text: string };
