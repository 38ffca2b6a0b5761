const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell takes it. */
export function shellQuoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The words of a command line as a POSIX shell splits it: quotes, backslashes, continued lines. Variables and commands stay as they are. */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    const escapes =
      char === '\\' && quote !== "'" && (quote === undefined || /["\\$`\n]/.test(line[at + 1] ?? ''));
    if (escapes) {
      const next = line[++at] ?? '';
      if (next !== '\n') word = (word ?? '') + next;
    } else if (char === quote) quote = undefined;
    else if (quote !== undefined) word = (word ?? '') + char;
    else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (!/\s/.test(char)) word = (word ?? '') + char;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
