/** What is timed of a connection, in the order in which it happens. Each has a series, `<stage>_ns`. */
export const CONNECTION_STAGES = ['dns_lookup', 'tcp_connect', 'tls_handshake', 'request_sent'] as const;
export type ConnectionStage = (typeof CONNECTION_STAGES)[number];

/** How long stages took, ns, connection by connection; a stage that none went through is left out. */
export type ConnectionTimes = Readonly<Partial<Record<ConnectionStage, readonly number[]>>>;
