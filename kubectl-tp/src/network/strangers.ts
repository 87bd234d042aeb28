// Ends connections that programs have kept from an earlier process behind the same interface, which was killed: nobody
// knows them here. A program that only waits would never hear of it, as it sends nothing that could be answered.

import { buildChallenge } from './answers.ts';
import { type Ends, flowKeyOf } from './packet.ts';

export type StrangersOptions = {
  /** Those that programs have open now, from their view. */
  readonly connections: () => readonly Ends[];
  readonly isKnown: (key: string) => boolean;
  readonly write: (packet: Buffer) => void;
};

/** Answers wait in the interface's queue (TUN_QUEUE_LENGTH), beside what programs sent while nobody read it. */
const AT_ONCE = 1024;
const ROUND_MS = 100;
/** Far more than thirty thousand connections need. A kernel may answer one connection only every half a second. */
const MAX_ROUNDS = 100;
/** Half of all sequence numbers apart: no window is that large, so that one of both is outside of it. */
const SEQUENCES = [0, 0x8000_0000] as const;

/**
 * A kernel answers a packet outside of the window with the numbers that it expects (RFC 9293, 3.10.7.4). That answer
 * belongs to no connection, so it is reset, with those numbers. Begins at once; returns what stops it.
 */
export function resetStrangers({ connections, isKnown, write }: StrangersOptions): () => void {
  let rounds = 0;
  let timer: NodeJS.Timeout | undefined;

  function challenge(): void {
    const strangers = connections().filter((ends) => !isKnown(flowKeyOf(ends)));
    for (const ends of strangers.slice(0, AT_ONCE)) {
      for (const sequence of SEQUENCES) write(buildChallenge(turned(ends), sequence));
    }
    rounds += 1;
    // What was lost on the way is challenged once more.
    if (strangers.length > 0 && rounds < MAX_ROUNDS) timer = setTimeout(challenge, ROUND_MS);
  }

  challenge();
  return () => clearTimeout(timer);
}

function turned({ source, sourcePort, destination, destinationPort }: Ends): Ends {
  return { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort };
}
