import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

type Found = (error: Error | null, found: LookupAddress[]) => void;
type LookupCallback = Parameters<LookupFunction>[2];

/**
 * The addresses of one host, which is looked up once, for all connections that begin meanwhile too; a failure to do so is not remembered. Connections begin with one address after the
 * other, so that they are spread over all of them. One that fails while another works is tried last from then on.
 */
export class AddressBook {
  /** In the order of the lookup. */
  #known: readonly LookupAddress[] | undefined;
  readonly #failing = new Set<string>();
  /** Connections that wait for the lookup under way. */
  readonly #lookingUp: Found[] = [];
  #turn: number;

  readonly #onLookup: (tookMs: number) => void;

  /** `addresses`: those to use instead of a lookup. `turn`: which of them comes first. `onLookup`: told how long one took that succeeded. */
  constructor(
    addresses: readonly string[] | undefined,
    turn: number,
    onLookup: (tookMs: number) => void = () => undefined,
  ) {
    this.#onLookup = onLookup;
    this.#known = addresses?.map((address) => ({ address, family: isIP(address) }));
    this.#turn = turn;
  }

  /** For one connection. */
  next(): Turn {
    return new Turn(this, this.#turn++);
  }

  /** The addresses, in the order of a turn. */
  addresses(host: string, turn: number, callback: Found): void {
    if (this.#known !== undefined) {
      process.nextTick(callback, null, this.#inOrder(this.#known, turn));
      return;
    }
    this.#lookingUp.push((error, found) => callback(error, error === null ? this.#inOrder(found, turn) : []));
    if (this.#lookingUp.length > 1) return;
    const startedMs = performance.now();
    dnsLookup(host, { all: true }, (error, found) => {
      if (error === null) {
        this.#onLookup(performance.now() - startedMs);
        this.#known = found;
      }
      for (const waiting of this.#lookingUp.splice(0)) waiting(error, found);
    });
  }

  /** A connection whose first address was `first` stands; it may be to another. */
  connected(first: string, actual: string | undefined): void {
    // The system may write an address in another way than it was given, which says nothing of the first one.
    if (!this.#known?.some(({ address }) => address === actual)) return;
    this.#failing.delete(actual!);
    if (first !== actual) this.#failing.add(first);
  }

  #inOrder(known: readonly LookupAddress[], turn: number): LookupAddress[] {
    const isFailing = ({ address }: LookupAddress) => this.#failing.has(address);
    const working = known.filter((one) => !isFailing(one));
    const at = working.length === 0 ? 0 : turn % working.length;
    return [...working.slice(at), ...working.slice(0, at), ...known.filter(isFailing)];
  }
}

/** The addresses for one connection. */
export class Turn {
  readonly #book: AddressBook;
  readonly #turn: number;
  #first: string | undefined;
  #lookedUpMs: number | undefined;

  constructor(book: AddressBook, turn: number) {
    this.#book = book;
    this.#turn = turn;
  }

  /** For `net.connect`, which tries the next address when one fails or takes long. */
  readonly lookup: LookupFunction = (host, options, callback: LookupCallback) => {
    this.#book.addresses(host, this.#turn, (error, found) => {
      const [first] = found;
      this.#lookedUpMs = performance.now();
      this.#first = first?.address;
      if (error !== null || options.all === true) callback(error, found);
      else callback(null, first!.address, first!.family);
    });
  };

  /** When the addresses were there, in the time of `performance`; undefined where none had to be looked up. */
  get lookedUpMs(): number | undefined {
    return this.#lookedUpMs;
  }

  connected(address: string | undefined): void {
    if (this.#first !== undefined) this.#book.connected(this.#first, address);
  }
}
