import type { Json } from '../metrics/snapshot.ts';
import { ErrorTally } from './error-tally.ts';
import type { HowEnded } from './group-tracker.ts';

/** What retries did for the measured samples. */
export class RetryTally {
  readonly #errors = new ErrorTally();
  readonly #ended: Record<HowEnded, number> = { succeeded: 0, errored: 0, cancelled: 0, cancelledByPlan: 0 };
  #samples = 0;
  #sent = 0;

  /** An attempt has failed, and another is to follow. `isFirst`: the sample's first one. */
  onAttemptFailed(type: string, isFirst: boolean): void {
    this.#errors.add(type, '');
    if (isFirst) this.#samples += 1;
  }

  /** Another attempt went out. */
  onRetried(): void {
    this.#sent += 1;
  }

  /** A sample of which an attempt had failed has ended. */
  onEnded(how: HowEnded): void {
    this.#ended[how] += 1;
  }

  /** Undefined before the first attempt that failed. */
  facts(): { readonly [key: string]: Json } | undefined {
    if (this.#samples === 0) return undefined;
    const { succeeded, errored, cancelled, cancelledByPlan } = this.#ended;
    return {
      samples: this.#samples,
      retries: this.#sent,
      ...{ succeeded, errored, cancelled: cancelled + cancelledByPlan },
      errors_by_type: Object.fromEntries(this.#errors.counts().map(({ type, count }) => [type, count])),
    };
  }
}
