// What answers the DNS questions of programs in the cluster's network.

/** `udp` answers are cut to what the question allows, `tcp` ones are whole. */
export type DnsTransport = 'udp' | 'tcp';

export type Resolver = {
  /** A complete DNS message in, a complete one out (no length in front). Never rejects: trouble is an answer, too. */
  answer(question: Buffer, transport: DnsTransport): Promise<Buffer>;
};

/** Asks one resolver: the cluster's, or the laptop's. Whole answers, never cut. Rejects when none comes. */
export type DnsUpstream = (question: Buffer, signal: AbortSignal) => Promise<Buffer>;
