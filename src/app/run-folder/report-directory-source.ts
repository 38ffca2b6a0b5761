import type { InferometerError } from '../../core/errors.ts';
import type { FrameSource } from '../../runlog/frame-source.ts';
import { EventsJsonlReader } from '../../runlog/import-jsonl.ts';
import { type Frame, FrameKind, sealFrame } from '../../transport/frame.ts';
import { reportHeader } from './report-directory-header.ts';
import type { RunDirectory } from './run-directory.ts';
import { encodeRunHeader } from './run-header.ts';

/** The run of a report directory as frames: a header made for it, then its events, if it has any. */
export function reportSource(
  directory: RunDirectory,
  onFault: (error: InferometerError) => void,
): FrameSource {
  const { recordPath, reportDirectory } = directory;
  const header = async () => {
    const made = await reportHeader(directory);
    return { bytes: encodeRunHeader(made), originNs: BigInt(made.origin_ns) };
  };
  return reportDirectory?.events === undefined
    ? new HeaderAlone(recordPath, header)
    : new EventsJsonlReader(recordPath, { header, onFault });
}

/** A run of which there are figures and no events. */
class HeaderAlone implements FrameSource {
  readonly path: string;
  readonly losses = { frames: 1, lostFrames: 0, corruptBytes: 0, malformedFrames: 0, tornBytes: 0 };
  readonly offset = 0;
  readonly #header: () => Promise<{ readonly bytes: Uint8Array }>;

  constructor(path: string, header: () => Promise<{ readonly bytes: Uint8Array }>) {
    this.path = path;
    this.#header = header;
  }

  async *frames(): AsyncGenerator<Frame, void, undefined> {
    yield sealFrame((await this.#header()).bytes, FrameKind.runHeader, 0);
  }

  leaveOut(): void {
    this.losses.malformedFrames += 1;
  }
}
