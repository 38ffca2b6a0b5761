import { durationText, numberText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { headlineRate } from './headline-rate.ts';
import type { Report } from './report.ts';

/** How much audio a run made, or listened to, over the measured window. */
export interface AudioReport {
  readonly secondsPerResponse: number | null;
  /** The rate of responses times the audio of one on average; null without a rate, or where no length is known. */
  readonly secondsPerSecond: number | null;
  /** Of the sound in them; null where they hold none. */
  readonly bytesPerResponse: number | null;
}

/** Null for a run without audio, or none of whose responses succeeded. */
export function audioReport(report: Report): AudioReport | null {
  const { own } = report;
  if (own?.responses === null || own === null) return null;
  const { audioNsPerResponse: audioNs, bytesPerResponse } = own.responses;
  const isSpeech = own.run.responseKind === 'speech';
  if (audioNs === null && (!isSpeech || bytesPerResponse === null)) return null;
  const rate = headlineRate(report);
  const seconds = audioNs === null ? null : audioNs / NS_PER_SECOND;
  return {
    secondsPerResponse: seconds,
    secondsPerSecond: seconds === null || rate === null ? null : rate * seconds,
    bytesPerResponse: isSpeech ? bytesPerResponse : null,
  };
}

/** `35.2 s of audio a second, 2.50 s and 120,000 bytes a response`. */
export function audioText({
  secondsPerResponse: seconds,
  secondsPerSecond,
  bytesPerResponse,
}: AudioReport): string {
  const each = [
    ...(seconds === null ? [] : [durationText(seconds * NS_PER_SECOND)]),
    ...(bytesPerResponse === null ? [] : [`${numberText(bytesPerResponse)} bytes`]),
  ];
  const rate = secondsPerSecond === null ? '' : `${numberText(secondsPerSecond)} s of audio a second, `;
  return `${rate}${each.join(' and ')} a response`;
}
