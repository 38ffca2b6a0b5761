/** What a web server takes from those who connect, whoever they are. */
export interface WebLimits {
  /** Connections at the same time; more are closed at once. */
  readonly maxConnections: number;
  /** Of these, connections that have not sent a whole request yet; the oldest goes when there are more. */
  readonly maxSilent: number;
  /** Event streams at the same time; more are told to come back. */
  readonly maxViewers: number;
  /** Request line and headers, bytes. */
  readonly maxHeadBytes: number;
  /** Body of a request, bytes. */
  readonly maxBodyBytes: number;
  /** For the head of a request, and for the whole request, ms. */
  readonly headMs: number;
  readonly requestMs: number;
  /** Without a byte either way, in a response that is not read too, ms. Event streams have a heartbeat each 15 s. */
  readonly idleMs: number;
  /** Between two requests of a connection, ms. */
  readonly keepAliveMs: number;
  /** Between two looks at what takes too long, ms. */
  readonly lookMs: number;
}

export const WEB_LIMITS: WebLimits = {
  maxConnections: 1024,
  maxSilent: 128,
  maxViewers: 512,
  maxHeadBytes: 8192,
  maxBodyBytes: 4096,
  headMs: 10_000,
  requestMs: 15_000,
  idleMs: 45_000,
  keepAliveMs: 5000,
  lookMs: 1000,
};
