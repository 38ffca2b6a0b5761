import { InferometerError } from '../../core/errors.ts';
import { RandomSource } from '../../core/random.ts';
import type { ArrivalProcess } from './arrival-process.ts';

/**
 * Gaps from a gamma distribution with mean 1 / rate and a shape k, `burstiness`: their coefficient of variation is 1 / √k. Below 1 arrivals
 * come in bursts, 1 is Poisson in distribution, and the larger k is, the more even they get. vLLM's `--burstiness` is the same k; it
 * scales all times afterwards so that the last one falls on n / rate, which this does not.
 */
export const GAMMA: ArrivalProcess = {
  create: ({ seed, burstiness }) => {
    if (!(Number.isFinite(burstiness) && burstiness > 0)) {
      throw new InferometerError(
        'INFEROMETER_PLAN_RATE',
        'input',
        `burstiness: must be a finite number above 0 (got ${burstiness})`,
      );
    }
    const random = new RandomSource(seed);
    let at = 0;
    return { next: () => (at += random.gamma(burstiness) / burstiness) };
  },
};
