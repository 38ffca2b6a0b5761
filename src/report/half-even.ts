/**
 * A number with `decimals` digits behind the point, exact ties rounded to the even digit.
 *
 * `toFixed` looks at the double's exact value as well and differs only in ties, which it rounds up: 0.125 is `0.13` there
 * and `0.12` here, as in the reference.
 */
export function fixedHalfEven(value: number, decimals: number): string {
  // From here on doubles are whole, and `toFixed` writes an exponent.
  if (Math.abs(value) >= 1e21 && Number.isFinite(value)) {
    return BigInt(value) + (decimals === 0 ? '' : `.${'0'.repeat(decimals)}`);
  }
  const rounded = value.toFixed(decimals);
  return isTie(value, decimals) ? evenOf(rounded, value.toFixed(decimals + 1)) : rounded;
}

/**
 * A number to `digits` significant ones without trailing zeros, exact ties to even; from 10^digits up, and below 0.0001,
 * with an exponent of two digits or more: C's `%.<digits>g`.
 */
export function generalHalfEven(value: number, digits: number): string {
  if (value === 0) return '0';
  const [rounded, power] = value.toExponential(digits - 1).split('e') as [string, string];
  const exponent = Number(power);
  const decimals = digits - 1 - exponent;
  if (exponent >= -4 && exponent < digits) return withoutTrailingZeros(fixedHalfEven(value, decimals));
  const mantissa = isTie(value, decimals)
    ? evenOf(rounded, value.toExponential(digits).split('e')[0]!)
    : rounded;
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Of a tie rounded up and written with one digit more, a 5: without that it is cut to the lower neighbour. */
function evenOf(rounded: string, longer: string): string {
  const lower = longer.slice(0, longer.at(-2) === '.' ? -2 : -1);
  return isEven(lower.at(-1)!) ? lower : rounded;
}

/**
 * Halfway between two decimals of that length: an odd multiple of 2^-(decimals + 1). Scaling by a power of 2 is exact. Between two
 * multiples of a power of ten when `decimals` is negative.
 */
function isTie(value: number, decimals: number): boolean {
  if (decimals < 0) {
    const unit = 10n ** BigInt(-decimals);
    return Number.isInteger(value) && (2n * BigInt(value)) % (2n * unit) === (value < 0 ? -unit : unit);
  }
  return Math.abs(value * 2 ** (decimals + 1)) % 2 === 1;
}

function isEven(digit: string): boolean {
  return '02468'.includes(digit);
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
