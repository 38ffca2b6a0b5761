import type { RunMark } from '../core/run-history.ts';
import { visibleLine } from '../core/visible-text.ts';
import { settingText } from '../core/quantity-text.ts';

/** A sign for each kind of mark, on every view. */
export const MARK_SYMBOLS: Readonly<Record<RunMark['kind'], string>> = {
  phase: '┃',
  pause: '‖',
  resume: '▸',
  rate: '±',
  concurrency: '±',
  note: '◆',
  stop: '■',
  cancel: '×',
  until: '◎',
};

/** What a mark says, in a few words; a note may say many. */
export function markText({ kind, value, text }: RunMark): string {
  switch (kind) {
    case 'phase':
      return text === 'warmup' ? 'warm-up' : visibleLine(text);
    case 'pause':
      return 'paused';
    case 'resume':
      return 'resumed';
    case 'rate':
      return value === null ? 'rate' : `rate ${settingText(value)}/s`;
    case 'concurrency':
      return value === null ? 'concurrency' : `concurrency ${settingText(value)}`;
    case 'note':
      return text === '' ? 'note' : visibleLine(text);
    case 'stop':
      return text === '' ? 'stopped' : `stopped: ${visibleLine(text)}`;
    case 'cancel':
      return 'cancelled';
    case 'until':
      return value === 1 ? 'known well enough' : 'not known well enough';
  }
}
