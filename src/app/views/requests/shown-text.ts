import type { PromptData } from '../../../core/model-output.ts';
import { visibleText } from '../../../core/visible-text.ts';
import type { RequestDetail, ShownText } from '../../../web/request-table.ts';

/** Characters of one text, and messages of one prompt, that a page shows. */
const MOST_CHARACTERS = 200_000;
const MOST_MESSAGES = 500;

/** A text of a log for a page: what does something instead of being seen is spelled out. */
export function shownText(text: string): ShownText {
  return { text: visibleText(text.slice(0, MOST_CHARACTERS)), characters: text.length };
}

/** What a request asked, message by message; the latest where there are very many. */
export function shownPrompt(prompt: PromptData): RequestDetail['prompt'] {
  const shown: { role: string | null; content: ShownText }[] = [];
  if (prompt.text !== null) shown.push({ role: null, content: shownText(prompt.text) });
  for (const { role, content, ...rest } of prompt.messages?.slice(-MOST_MESSAGES) ?? []) {
    const more = Object.keys(rest).length === 0 ? '' : `\n${JSON.stringify(rest, null, 2)}`;
    shown.push({
      role: typeof role === 'string' ? role.slice(0, 100) : null,
      content: shownText(contentText(content) + more),
    });
  }
  if (prompt.tokenIds !== null)
    shown.push({ role: 'token ids', content: shownText(prompt.tokenIds.join(' ')) });
  if (prompt.tools !== null)
    shown.push({ role: 'tools', content: shownText(JSON.stringify(prompt.tools, null, 2)) });
  return shown.length === 0 ? null : shown;
}

/** The content of a message: text, or parts of which those that are text read as such. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (content === undefined || content === null) return '';
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content];
  return parts
    .map((part) => {
      const { text } = (typeof part === 'object' && part !== null ? part : {}) as { readonly text?: unknown };
      return typeof text === 'string' ? text : JSON.stringify(part);
    })
    .join('\n');
}
