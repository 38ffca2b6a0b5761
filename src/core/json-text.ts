/**
 * A value of JSON as its text, for a message; `undefined` is nothing. The value may come from anyone, so one that is nested deeper than
 * can be written is only said to be so.
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    if (error instanceof RangeError) return 'a value nested too deep to be shown';
    throw error;
  }
}
