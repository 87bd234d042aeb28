// A dialer on the machine's own network, so that what stands before dialers is tested with real connections.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { resetSocket } from '../../control-plane/src/protocol/reset-socket.ts';
import { DialError, type Dialer, type DialFailure } from '../../kubectl-tp/src/outbound/dialer.ts';
import { createHostDialer } from '../../kubectl-tp/src/outbound/host-dialer.ts';

export type TestDialer = Dialer & {
  /** `127.0.0.1:80`, in the order in which they came; as asked for, whoever was dialed. */
  readonly dialed: string[];
};

export type TestDialerOptions = {
  /** Who is dialed for an address; default: the address itself. */
  readonly hostOf?: (host: string) => string;
  /** Addresses to which connections fail in that way instead. */
  readonly failures?: Readonly<Record<string, DialFailure>>;
};

/** Addresses that documentation is written with (RFC 5737, RFC 3849). */
const FAILURES_BEHIND_LOOPBACK = {
  '203.0.113.1': 'unreachable',
  '203.0.113.2': 'denied',
  '203.0.113.3': 'lost',
  '203.0.113.4': 'timeout',
  '2001:db8::1': 'unreachable',
  '2001:db8::2': 'denied',
  '2001:db8::3': 'lost',
} as const;

export function createTestDialer({ hostOf = (host) => host, failures = {} }: TestDialerOptions = {}): TestDialer {
  const machine = createHostDialer();
  const dialed: string[] = [];
  return {
    dialed,
    async connect({ host, port }, signal) {
      dialed.push(`${host}:${port}`);
      const failure = failures[host];
      if (failure !== undefined) throw new DialError(failure, `made to fail: ${failure}`);
      return resetsWhenDestroyed(await machine.connect({ host: hostOf(host), port }, signal));
    },
    openDatagrams: ({ host, port }, handlers) => machine.openDatagrams({ host: hostOf(host), port }, handlers),
  };
}

/** Every address is this machine's loopback, but for some that fail each in its own way. */
export function createLoopbackDialer(): TestDialer {
  return createTestDialer({ hostOf: () => '127.0.0.1', failures: FAILURES_BEHIND_LOOPBACK });
}

/** As dialers promise; a socket ends in good order instead. */
function resetsWhenDestroyed(stream: Duplex): Duplex {
  if (!(stream instanceof Socket)) throw new Error('only a socket can be reset');
  const destroy = stream.destroy.bind(stream);
  let isResetting = false;
  stream.destroy = (error) => {
    if (isResetting || (stream.readableEnded && stream.writableFinished)) return destroy(error);
    isResetting = true;
    resetSocket(stream);
    return stream;
  };
  return stream;
}
