import type { ToolCall } from '../core/model-output.ts';
import { channelBit } from './chunk-code.ts';
import { EscapedText } from './escaped-text.ts';
import type { MessageParts } from './openai-message.ts';
import type { MemoryAccount } from './response-memory.ts';

const CONTENT = channelBit('content');
const REASONING = channelBit('reasoning');

/** What one choice of a stream has said so far. */
export class ChoiceTexts {
  readonly content: EscapedText;
  readonly reasoning: EscapedText;
  readonly refusal: EscapedText;
  /** One list a frame that had some. */
  toolCalls: (readonly ToolCall[])[] = [];
  finishReason: string | null = null;

  constructor(account?: MemoryAccount) {
    this.content = new EscapedText(account);
    this.reasoning = new EscapedText(account);
    this.refusal = new EscapedText(account);
  }

  /** Bytes of the texts. */
  get length(): number {
    return this.content.length + this.reasoning.length + this.refusal.length;
  }

  /** It has text or a tool call. */
  get hasSomething(): boolean {
    return this.length > 0 || this.toolCalls.length > 0;
  }

  clear(): void {
    this.content.clear();
    this.reasoning.clear();
    this.refusal.clear();
    if (this.toolCalls.length > 0) this.toolCalls = [];
    this.finishReason = null;
  }

  /** The text of a channel, by its bit. @hot */
  of(channel: number): EscapedText {
    if (channel === CONTENT) return this.content;
    return channel === REASONING ? this.reasoning : this.refusal;
  }

  add({ content, reasoning, refusal, toolCalls }: MessageParts): void {
    if (content !== '') this.content.append(content);
    if (reasoning !== '') this.reasoning.append(reasoning);
    if (refusal !== '') this.refusal.append(refusal);
    if (toolCalls.length > 0) this.toolCalls.push(toolCalls);
  }
}
