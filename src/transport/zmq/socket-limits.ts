import { TOPIC_BYTES } from '../frame.ts';

/**
 * Largest message a publisher takes from a subscriber, bytes. All it has to say is its handshake (about 400 bytes with a key), its
 * subscriptions (a topic of 40) and heartbeats. libzmq makes room for a message when its length arrives, before anybody is
 * authenticated, and without a limit that is whatever the peer says.
 */
export const MAX_SUBSCRIBER_MESSAGE_BYTES = 1024;

/** Largest message on the private event socket, bytes: a topic and the largest frame a run log holds. */
export const MAX_FRAME_MESSAGE_BYTES = 2 ** 28 + TOPIC_BYTES;

/**
 * Largest snapshot a viewer takes, bytes: more than eight times one with a full history and 1000 long marks. The viewer drops the
 * connection to whoever announces more.
 */
export const MAX_SNAPSHOT_MESSAGE_BYTES = 2 ** 24;

/** Largest report of readiness, bytes: a small number, and the handshake before it. */
export const MAX_READY_MESSAGE_BYTES = 1024;

/** A peer that has not sent its greeting by then is disconnected, ms. */
export const HANDSHAKE_MS = 5000;

/** Viewers over TCP at the same time; who comes when there are that many is disconnected. */
export const MAX_VIEWERS = 64;
/** Connections that have not been sent a snapshot yet; when there are more, the oldest of them is disconnected. */
export const MAX_NEWCOMERS = 256;
/**
 * Connections admitted in a turn of so many ms; more are closed as they come. Each leaves objects behind, and V8 lets its heap grow with
 * those that are not collected yet: ten thousand connections a second made a publisher grow by 150 MB in 10 s, two hundred by 20.
 */
export const MAX_ADMISSIONS_PER_TURN = 20;
export const ADMISSION_TURN_MS = 100;
/** What is read at a time of what goes to a viewer, bytes; held by each connection that has said something. */
export const PASSAGE_BUFFER_BYTES = 2 ** 14;
/** What a connection has to have been sent to count as one of a viewer: more than any handshake, less than a snapshot. */
export const VIEWER_BYTES = 1024;
/** A viewer's connection on which nothing went either way for so long is closed, ms; our viewers send heartbeats. */
export const VIEWER_IDLE_MS = 30_000;
/** What a viewer may send at once, bytes: a handshake with a key (700) and some subscriptions. Who sends more is disconnected. */
export const VIEWER_BURST_BYTES = 2048;
/** And beyond that, bytes per second: heartbeats take 21. */
export const VIEWER_BYTES_PER_SECOND = 64;
/**
 * Topics that viewers may subscribe to, bytes. libzmq keeps a subscription as a tree of about 40 bytes per byte. When they have sent
 * more, whoever has sent more than a burst in all is disconnected, which frees it; ours are back within a fraction of a second.
 */
export const MAX_SUBSCRIPTION_BYTES = 2 ** 19;
