/** Most tickets one counter can give out. */
export const MAX_TICKETS = 2 ** 31 - 1;

/** A counter of tickets that workers share, at 0. Hand the array itself to each thread. */
export function createTicketCounter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/**
 * Takes the next ticket below `limit`, or -1 when there is none.
 *
 * The counter never passes the limit: its value is always how many tickets were given out, by any worker.
 * @hot
 */
export function drawTicket(counter: Int32Array, limit: number): number {
  let ticket = Atomics.load(counter, 0);
  while (ticket < limit) {
    const found = Atomics.compareExchange(counter, 0, ticket, ticket + 1);
    if (found === ticket) return ticket;
    ticket = found;
  }
  return -1;
}
