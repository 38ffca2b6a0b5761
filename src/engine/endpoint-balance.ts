/** How samples are spread over endpoints: in turn, or to the one with the fewest in flight. */
export type BalanceName = 'round_robin' | 'least_in_flight';

/**
 * Chooses the endpoint of each sample, or conversation, of one worker. Each worker counts for itself: what others have in flight it does not
 * know. Among endpoints with equally few in flight they take turns.
 *
 * By the number of the sample, one of two workers would send to one of two endpoints only, and leave its connections to the other idle.
 */
export class EndpointBalance {
  readonly #count: number;
  /** Samples by endpoint, those that wait for a connection or for a retry included; undefined where nobody asks. */
  readonly #inFlight: Int32Array | undefined;
  #next: number;

  /** `first`: the endpoint whose turn it is. */
  constructor(name: BalanceName, endpointCount: number, first: number) {
    this.#count = endpointCount;
    this.#inFlight = name === 'least_in_flight' ? new Int32Array(endpointCount) : undefined;
    this.#next = first % endpointCount;
  }

  /** @hot */
  choose(): number {
    const endpoint = this.#inFlight === undefined ? this.#next : this.#least(this.#inFlight);
    this.#next = (endpoint + 1) % this.#count;
    return endpoint;
  }

  /** @hot */
  sent(endpoint: number): void {
    if (this.#inFlight !== undefined) this.#inFlight[endpoint]! += 1;
  }

  /** @hot */
  ended(endpoint: number): void {
    if (this.#inFlight !== undefined) this.#inFlight[endpoint]! -= 1;
  }

  #least(inFlight: Int32Array): number {
    let least = this.#next;
    for (let i = 1; i < this.#count; i++) {
      const endpoint = (this.#next + i) % this.#count;
      if (inFlight[endpoint]! < inFlight[least]!) least = endpoint;
    }
    return least;
  }
}
