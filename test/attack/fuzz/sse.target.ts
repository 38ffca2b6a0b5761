import { messages, naiveMessages } from '../../protocol/sse-readings.ts';
import { assertSame, cutsOf, type FuzzTarget } from './targets.ts';

/** As the standard has it, read naively as a whole, however the reads cut it. */
export const target: FuzzTarget = {
  seeds: [
    'data: {"a":1}\n\ndata: [DONE]\n\n',
    ': ping\r\nevent: error\r\ndata: x\r\n\r\n',
    '{"error":1}\n',
    'id: 1\r\r',
  ],
  words: [
    'data',
    'data: ',
    'event',
    'event: error',
    'error: ',
    ':',
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\ufeff',
    '{',
    '[',
  ],
  check: (bytes, random) => {
    const wanted = naiveMessages(bytes);
    assertSame(messages(bytes), wanted);
    assertSame(messages(bytes, cutsOf(bytes.length, random)), wanted);
  },
};
