import { createLog, type Log } from '../../core/log.ts';
import type { MessageListener } from '../messages.ts';

export function logFor(listener: MessageListener | undefined): Log {
  return createLog(listener ?? (() => undefined));
}
