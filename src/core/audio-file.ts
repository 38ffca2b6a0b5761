/** An audio file of a dataset, as a request sends it. */
export class AudioFile {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.bytes = bytes;
  }
}
