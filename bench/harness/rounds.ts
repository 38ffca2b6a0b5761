/** Measures something once. */
export type Measure<Value = number> = () => Value | Promise<Value>;

/**
 * Measures several things in turn, A B C A B C …, so that whatever the machine does meanwhile hits all alike. Returns the
 * values of each by name, in the order of the rounds.
 */
export function inTurn<Name extends string, Value = number>(
  rounds: number,
  measures: Readonly<Record<Name, Measure<Value>>>,
): Promise<Record<Name, Value[]>> {
  return measureInTurn(rounds, measures, (names) => names);
}

/** As {@link inTurn}, with every other round in reverse, A B B A …: what comes second in a round is no worse off for it. */
export function inMirroredTurn<Name extends string, Value = number>(
  rounds: number,
  measures: Readonly<Record<Name, Measure<Value>>>,
): Promise<Record<Name, Value[]>> {
  return measureInTurn(rounds, measures, (names, round) => (round % 2 === 0 ? names : names.toReversed()));
}

async function measureInTurn<Name extends string, Value>(
  rounds: number,
  measures: Readonly<Record<Name, Measure<Value>>>,
  order: (names: readonly Name[], round: number) => readonly Name[],
): Promise<Record<Name, Value[]>> {
  const names = Object.keys(measures) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as Value[]])) as Record<Name, Value[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of order(names, round)) values[name].push(await measures[name]());
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

/** As {@link perSecond}, of the CPU time of this process: what else the machine does at the time counts less. */
export function perCpuSecond(count: number, operation: () => void): Measure {
  return () => count / cpuSecondsIn(operation);
}

/** CPU time that `operation` takes on average over `count` calls, ms. */
export function cpuMsPerCall(count: number, operation: () => void): Measure {
  return () => {
    const seconds = cpuSecondsIn(() => {
      for (let call = 0; call < count; call++) operation();
    });
    return (seconds * 1000) / count;
  };
}

/** CPU time of this process while `operation` runs, s. */
export function cpuSecondsIn(operation: () => void): number {
  const before = process.cpuUsage();
  operation();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
