/**
 * `first` and the words of `text` in lines of at most `width` characters, later ones indented to stand below the first
 * word. A longer word gets a line of its own; with `breaksWords` it is cut into as many as it needs.
 */
export function wrapText(first: string, text: string, width: number, breaksWords = false): string[] {
  const indent = ' '.repeat(first.length);
  const room = Math.max(1, width - first.length);
  const lines: string[] = [];
  let line = first;
  const words = text.split(' ');
  for (const word of breaksWords ? words.flatMap((long) => pieces(long, room)) : words) {
    const isEmpty = line === first || line === indent;
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

function pieces(word: string, room: number): string[] {
  if (word.length <= room) return [word];
  return Array.from({ length: Math.ceil(word.length / room) }, (_, i) =>
    word.slice(i * room, (i + 1) * room),
  );
}
