/** A value as the reference prints it: `True`, `None`, texts bare outside of lists and maps and quoted inside. */
export function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : quotedText(value);
}

function quotedText(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'string':
      return quote(value);
    case 'number':
      return numberText(value);
    case 'bigint':
      return String(value);
    default:
  }
  if (Array.isArray(value)) return `[${value.map(quotedText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return 'None';
  const entries = Object.entries(value).map(([key, item]) => `${quote(key)}: ${quotedText(item)}`);
  return `{${entries.join(', ')}}`;
}

/** With an exponent from 10^16 up and below 0.0001, of two digits or more. */
function numberText(value: number): string {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  if (value === 0 || (Number(exponent) >= -4 && Number(exponent) < 16)) return String(value);
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}
