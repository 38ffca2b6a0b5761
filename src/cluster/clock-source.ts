/** Reading these costs a system call or a slow device, up to microseconds, where others cost nanoseconds. */
const SLOW: ReadonlySet<string> = new Set(['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit']);

export type ClockClass = 'fast' | 'slow' | 'unknown';

/** What kind of clock a system reads, by its name for it; null where it does not tell. */
export function clockClassOf(source: string | null): ClockClass {
  if (source === null || source === '') return 'unknown';
  return SLOW.has(source) ? 'slow' : 'fast';
}

/** Whether stamps of both machines are worth the same. What is unknown is not held against a machine. */
export function areClocksAlike(a: string | null, b: string | null): boolean {
  const [one, other] = [clockClassOf(a), clockClassOf(b)];
  return one === other || one === 'unknown' || other === 'unknown';
}
