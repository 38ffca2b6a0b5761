import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** `dns.lookup` that asks once a host and remembers the addresses; a failure is not remembered. */
export function rememberingLookup(): LookupFunction {
  let known: readonly LookupAddress[] | undefined;
  const answer = (
    addresses: readonly LookupAddress[],
    all: boolean | undefined,
    callback: LookupCallback,
  ) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first!.address, first!.family);
  };
  return (host, options, callback) => {
    if (known !== undefined) {
      process.nextTick(answer, known, options.all, callback);
      return;
    }
    dnsLookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      known = addresses;
      answer(addresses, options.all, callback);
    });
  };
}

type LookupCallback = Parameters<LookupFunction>[2];
