import type { RunConfig } from '../../config/schema.ts';

/** Where the servers of a run tell their metrics; none where nobody is to look. */
export interface ServerMetricsPlaces {
  readonly urls: readonly string[];
  /** They are guesses: where there is nothing, that is no fault. */
  readonly areGuesses: boolean;
}

/** `isInteractive`: a person sits at the run. */
export function serverMetricsPlaces(
  { server_metrics: given, endpoints }: Pick<RunConfig, 'server_metrics' | 'endpoints'>,
  isInteractive: boolean,
): ServerMetricsPlaces {
  const [first] = given;
  if (first === 'off' || (first === 'auto' && !isInteractive)) return { urls: [], areGuesses: true };
  if (first !== 'auto' && first !== 'on') return { urls: given, areGuesses: false };
  // Not those on Unix sockets.
  const beside = endpoints.flatMap((endpoint) =>
    /^https?:/.test(endpoint) && URL.canParse(endpoint) ? [new URL('/metrics', endpoint)] : [],
  );
  for (const url of beside) url.username = url.password = '';
  return { urls: [...new Set(beside.map(({ href }) => href))], areGuesses: true };
}
