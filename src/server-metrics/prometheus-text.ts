/** One line of Prometheus' text format. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of the metrics that `isWanted` takes, by name. Never throws: lines that are none are passed over. Costs some µs for each line that is taken. */
export function readPrometheus(
  text: string,
  isWanted: (name: string) => boolean,
): ReadonlyMap<string, readonly PrometheusSample[]> {
  const found = new Map<string, PrometheusSample[]>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (name === undefined || !isWanted(name)) continue;
    const samples = found.get(name) ?? [];
    found.set(name, samples);
    samples.push({ labels: labelsOf(labels), value: numberOf(value) });
  }
  return found;
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name!, value!]));
}

function numberOf(text: string): number {
  if (/^\+?inf$/i.test(text)) return Infinity;
  return /^-inf$/i.test(text) ? -Infinity : Number(text);
}
