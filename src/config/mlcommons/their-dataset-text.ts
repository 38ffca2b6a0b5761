/** A dataset as their command line has it, `[perf|acc:]path[,key=value…]`, as an object; or what is wrong with it. */
export function datasetOfText(text: string): Record<string, unknown> | string {
  const [first = '', ...options] = text.split(',');
  const [, prefix, rest] = /^(perf|acc):(.*)$/s.exec(first) ?? [];
  const dataset: Record<string, unknown> = {
    path: rest ?? first,
    type: prefix === 'acc' ? 'accuracy' : 'performance',
  };
  for (const option of options) {
    const at = option.indexOf('=');
    if (at <= 0) return `option "${option}" must be key=value, such as samples=500 or parser.prompt=article`;
    const keys = option.slice(0, at).split('.');
    if (!setNested(dataset, keys, option.slice(at + 1)))
      return `option "${keys.join('.')}" is given both as a value and as a key with others below it`;
  }
  return dataset;
}

function setNested(tree: Record<string, unknown>, keys: readonly string[], value: string): boolean {
  let node = tree;
  for (const key of keys.slice(0, -1)) {
    const next = (node[key] ??= {});
    if (typeof next !== 'object') return false;
    node = next as Record<string, unknown>;
  }
  const last = keys.at(-1)!;
  if (typeof node[last] === 'object') return false;
  node[last] = value;
  return true;
}
