/** Markup that is known to be whole: what was put into it is escaped. */
export interface Markup {
  readonly markup: string;
}

export type MarkupPart = string | number | Markup | readonly MarkupPart[];

/** A template of HTML or SVG: texts and numbers put into it are escaped, markup and lists of it are taken as they are. */
export function markup(strings: TemplateStringsArray, ...parts: readonly MarkupPart[]): Markup {
  return { markup: strings.reduce((text, string, i) => text + markupOf(parts[i - 1]!) + string) };
}

/** Text that is markup already: styles, scripts and drawings of ours. */
export function trusted(markup: string): Markup {
  return { markup };
}

export const NOTHING: Markup = { markup: '' };

/** Text for an element or a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ESCAPES[letter]!);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markupOf(part: MarkupPart): string {
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(markupOf).join('');
}
