/** The zone that times are shown in, such as `Europe/Berlin, UTC+02:00`. */
export function zoneText(at: Date = new Date()): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -at.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  const offset = minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${two(hours)}:${two(rest)}`;
  return timeZone === 'UTC' ? 'UTC' : `${timeZone}, ${offset}`;
}

/** A moment of a run to the millisecond, in the viewer's zone: `2026-11-30 14:03:07.250`. */
export function momentText(startedAt: string | null, ns: number, withDate = true): string {
  if (startedAt === null) return `${(ns / 1e9).toFixed(3)} s`;
  const at = new Date(Date.parse(startedAt) + ns / 1e6);
  const time = `${at.toLocaleTimeString('sv')}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  return withDate ? `${at.toLocaleDateString('sv')} ${time}` : time;
}
