/** Measures something once. */
export type Measure = () => number | Promise<number>;

/**
 * Measures several things in turn, A B C A B C …, so that whatever the machine does meanwhile hits all alike. Returns the
 * values of each by name, in the order of the rounds.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  measures: Readonly<Record<Name, Measure>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(measures) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values[name].push(await measures[name]());
  }
  return values;
}

/** How many of `count` operations a second `operation` does; it is called once and does them all. */
export function perSecond(count: number, operation: () => void): Measure {
  return () => {
    const startedMs = performance.now();
    operation();
    return count / ((performance.now() - startedMs) / 1000);
  };
}

/** How long `operation` takes on average over `count` calls, ms. */
export function msPerCall(count: number, operation: () => void): Measure {
  return () => {
    const startedMs = performance.now();
    for (let call = 0; call < count; call++) operation();
    return (performance.now() - startedMs) / count;
  };
}
