/**
 * A number with `decimals` digits behind the point, exact ties rounded to the even digit.
 *
 * `toFixed` looks at the double's exact value as well and differs only in ties, which it rounds up: 0.125 is `0.13` there
 * and `0.12` here, as in the reference.
 */
export function fixedHalfEven(value: number, decimals: number): string {
  // From here on doubles are whole, and `toFixed` writes an exponent.
  if (Math.abs(value) >= 1e21 && Number.isFinite(value)) return `${BigInt(value)}.${'0'.repeat(decimals)}`;
  const rounded = value.toFixed(decimals);
  if (!isTie(value, decimals)) return rounded;
  // A tie has exactly one digit more, a 5: without it the number is cut to the lower neighbour.
  const lower = value.toFixed(decimals + 1).slice(0, decimals === 0 ? -2 : -1);
  return isEven(lower.at(-1)!) ? lower : rounded;
}

/**
 * A number to `digits` significant ones without trailing zeros, exact ties to even; from 10^digits up, and below 0.0001,
 * with an exponent of two digits or more: C's `%.<digits>g`.
 */
export function generalHalfEven(value: number, digits: number): string {
  if (value === 0) return '0';
  const exponent = Number(value.toExponential(digits - 1).split('e')[1]);
  if (exponent >= -4 && exponent < digits) {
    return withoutTrailingZeros(fixedHalfEven(value, digits - 1 - exponent));
  }
  const mantissa = withoutTrailingZeros(value.toExponential(digits - 1).split('e')[0]!);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Halfway between two decimals of that length: an odd multiple of 2^-(decimals + 1). Scaling by a power of 2 is exact. */
function isTie(value: number, decimals: number): boolean {
  return Math.abs(value * 2 ** (decimals + 1)) % 2 === 1;
}

function isEven(digit: string): boolean {
  return '02468'.includes(digit);
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
