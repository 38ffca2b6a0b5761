import { SnapshotCodec } from '../../metrics/snapshot-codec.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { MessagePublisher } from '../../transport/message.ts';
import { PublisherGroup } from '../../transport/publisher-group.ts';
import { checkAddress, type SocketDirectory } from '../../transport/zmq/address.ts';
import { bindPublisher } from '../../transport/zmq/publisher.ts';
import { SnapshotTap } from '../fold/snapshot-tap.ts';
import { openViewPlace, type ViewPlace } from '../run/view-place.ts';
import type { ServiceOptions } from './service-options.ts';

const SEND_HIGH_WATER_MARK = 4;
/** A viewer that was stopped must not hold up the end. */
const LINGER_MS = 500;

export interface SnapshotOutlets {
  readonly publisher: MessagePublisher<MetricsSnapshot>;
  /** Where viewers of this machine connect. */
  readonly localAddress: string;
  /** Where others do. */
  readonly place: ViewPlace | undefined;
}

/**
 * Binds where snapshots go: a socket of the run's own machine, which is the one asked for when that is a Unix socket, and one over TCP where it was
 * asked for, with a key beyond the loopback. Throws `INFEROMETER_TRANSPORT_…` and `INFEROMETER_VIEW_ADDRESS`.
 */
export async function openSnapshotOutlets(
  { publishAddress, publishKey }: ServiceOptions,
  sockets: SocketDirectory,
  onSnapshot: (snapshot: MetricsSnapshot) => void,
): Promise<SnapshotOutlets> {
  const socketOptions = { sendHighWaterMark: SEND_HIGH_WATER_MARK, lingerMs: LINGER_MS };
  const isTcp = publishAddress !== undefined && checkAddress(publishAddress).startsWith('tcp:');
  const localAddress =
    publishAddress === undefined || isTcp ? sockets.freshAddress('metrics_pub') : publishAddress;
  const place = isTcp ? await openViewPlace(publishAddress, publishKey, '--publish') : undefined;
  const local = await bindPublisher(new SnapshotCodec(), localAddress, socketOptions);
  const tap = new SnapshotTap(onSnapshot);
  if (place === undefined) return { publisher: new PublisherGroup(local, tap), localAddress, place };
  try {
    const remote = await bindPublisher(new SnapshotCodec(), place.address, {
      ...{ ...socketOptions, key: place.key, parentDirectory: sockets.path },
    });
    return { publisher: new PublisherGroup(local, remote, tap), localAddress, place };
  } catch (error) {
    await local.close();
    throw error;
  }
}
