// A dialer for whom every address is this machine's loopback, but for some that fail each in its own way.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { DialError, type Dialer, type DialFailure, type Endpoint } from '../../kubectl-tp/src/outbound/dialer.ts';

/** Addresses that documentation is written with (RFC 5737, RFC 3849). */
export const FAILING: Readonly<Record<string, DialFailure>> = {
  '203.0.113.1': 'unreachable',
  '203.0.113.2': 'denied',
  '203.0.113.3': 'lost',
  '203.0.113.4': 'timeout',
  '2001:db8::1': 'unreachable',
  '2001:db8::2': 'denied',
  '2001:db8::3': 'lost',
};

export type LoopbackDialer = Dialer & {
  /** How often it was asked, by "host port". */
  readonly dials: ReadonlyMap<string, number>;
};

export function createLoopbackDialer(): LoopbackDialer {
  const dials = new Map<string, number>();
  return {
    dials,
    async connect({ host, port }: Endpoint, signal: AbortSignal): Promise<Duplex> {
      const name = `${host} ${port}`;
      dials.set(name, (dials.get(name) ?? 0) + 1);
      const failure = FAILING[host];
      if (failure !== undefined) throw new DialError(failure, `${name}: ${failure}`);
      const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
      try {
        await once(socket, 'connect', { signal });
      } catch (cause) {
        socket.destroy();
        throw signal.aborted ? cause : new DialError('refused', `${name}: refused`, { cause });
      }
      return socket;
    },
    openDatagrams({ port }, { onMessage, onClose }) {
      const socket = createSocket('udp4');
      let isOpen = true;
      const close = () => {
        if (!isOpen) return;
        isOpen = false;
        socket.close();
      };
      // Connected, so that the kernel tells when nobody is there.
      const connected = new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', () => resolve()));
      socket.on('message', onMessage);
      socket.on('error', () => {
        close();
        onClose('refused');
      });
      return {
        // The packet's memory is the flow's own.
        send: (data) => void connected.then(() => isOpen && socket.send(data)),
        close,
      };
    },
  };
}
