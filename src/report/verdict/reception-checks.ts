import { countedText } from '../../core/quantity-text.ts';
import { type Check, check, degraded, invalid, type Judgement } from './check.ts';
import type { VerdictFacts } from './facts.ts';

/** Whether all that another program published arrived; a run of our own has its own counts. */
export const RECEPTION_CHECKS: readonly Check[] = [
  check('events_unread', '', 'something a publisher sent could not be read', judgeUnread),
  check('frames_missed', '', 'frames of a publisher did not arrive', judgeMissed),
  check('publisher_lost', 'a publisher went away before it had ended, or never came', '', judgeLost),
  check('publisher_reconnected', 'a publisher was disconnected for a while', '', judgeReconnected),
  check('aggregation_resumed', 'the aggregator was started again during the run', '', judgeResumed),
];

/** Who sent the load. */
export const CLIENT_KNOWN_CHECK: Check = check(
  'client_health_unknown',
  'another program sent the load and did not report how its client fared',
  '',
  judgeUnknown,
);

function judgeUnread({ reception }: VerdictFacts): Judgement {
  const { messagesUnread = 0, recordsUnread = 0, messagesRefused = 0 } = reception ?? {};
  const messages = messagesUnread + messagesRefused;
  if (messages + recordsUnread === 0) return undefined;
  const parts = [
    ...(messages === 0 ? [] : [countedText(messages, 'message')]),
    ...(recordsUnread === 0 ? [] : [countedText(recordsUnread, 'record')]),
  ];
  return invalid(
    `${parts.join(' and ')} from the publisher could not be read, and what they told is missing; find out what else is sent to its subscribers, and repeat the run`,
  );
}

function judgeMissed({ reception }: VerdictFacts): Judgement {
  const missed = reception?.framesMissed ?? 0;
  if (missed === 0) return undefined;
  return invalid(
    `${countedText(missed, 'frame')} of the publisher never arrived: samples are missing or never end; start the aggregator before the load`,
  );
}

function judgeLost({ reception }: VerdictFacts): Judgement {
  const lost = reception?.publishersLost ?? 0;
  if (lost === 0) return undefined;
  return degraded(
    `${countedText(lost, 'publisher')} went away without ending the session, or never came: what it would have told is missing`,
  );
}

function judgeReconnected({ reception }: VerdictFacts): Judgement {
  const reconnected = reception?.reconnected ?? 0;
  if (reconnected === 0) return undefined;
  return degraded(
    `a publisher was disconnected and came back ${countedText(reconnected, 'time')}: what it published meanwhile is missing`,
  );
}

function judgeResumed({ reception }: VerdictFacts): Judgement {
  const resumed = reception?.resumed ?? 0;
  if (resumed === 0) return undefined;
  return degraded(
    `the aggregator was started again ${countedText(resumed, 'time')}: what was published while it was away is missing`,
  );
}

function judgeUnknown({ isAggregated, loadGenerator = null, client }: VerdictFacts): Judgement {
  if ((isAggregated !== true && loadGenerator === null) || client !== null) return undefined;
  return degraded(
    `client health unknown: ${loadGenerator ?? 'another program'} sent the load, and nothing tells how late it sent and read; part of each time may be the client's`,
  );
}
