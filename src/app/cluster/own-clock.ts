import { readFileSync } from 'node:fs';

/** The clock of this machine by the system's name for it; null where it does not tell. */
export function ownClockSource(): string | null {
  try {
    return readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'latin1').trim();
  } catch {
    return null;
  }
}
