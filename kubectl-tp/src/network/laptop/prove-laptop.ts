// Proves that this laptop's programs are in the cluster's network: by the resolver of the operating system, which is
// what they ask, and by a connection through the interface.

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TpError } from '../../errors.ts';

/** Programs ask at once; a resolver daemon may take a moment to know of the interface. */
const NAMES_TIMEOUT_MS = 10_000;
const RETRY_MS = 100;
/** To this machine itself: a firewall would drop it without a word. */
const CONNECT_TIMEOUT_MS = 3000;
const DNS_PORT = 53;

export type LaptopProof = {
  /** One that every cluster has. */
  readonly name: string;
  readonly gateway: string;
  readonly interface: string;
  readonly signal: AbortSignal;
};

/** Throws LAPTOP_NAMES_FAILED, LAPTOP_BLOCKED, or the signal's reason. */
export async function proveLaptop(proof: LaptopProof): Promise<void> {
  await Promise.all([proveLookup(proof), proveConnection(proof)]);
}

async function proveLookup({ name, signal }: LaptopProof): Promise<void> {
  const deadlineMs = performance.now() + NAMES_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      await lookup(name);
      return;
    } catch (cause) {
      if (performance.now() > deadlineMs) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new TpError('LAPTOP_NAMES_FAILED', `Programs of this laptop do not find ${name}: ${why}`, {
          hint: 'See who answers names before /etc/resolv.conf is read: grep hosts /etc/nsswitch.conf',
          cause,
        });
      }
    }
    await delay(RETRY_MS, undefined, { signal });
  }
}

/** The gateway's resolver listens there. On its way the connection is what one into the cluster is. */
async function proveConnection({ gateway, interface: name, signal }: LaptopProof): Promise<void> {
  const socket = connect({ host: gateway, port: DNS_PORT });
  const limit = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([signal, limit]) });
  } catch (cause) {
    signal.throwIfAborted();
    throw new TpError('LAPTOP_BLOCKED', `Connections by interface ${name} do not come through on this laptop.`, {
      hint: `A firewall drops what comes in there: sudo ufw allow in on ${name}`,
      cause,
    });
  } finally {
    socket.destroy();
  }
}
