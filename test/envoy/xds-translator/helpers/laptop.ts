// Relay and laptop in one, as an agent sees them: TLS 1.3 with both certificates, then the bytes of the developer's
// application unread. Like the real ones it resets a connection before TLS when nobody listens on the local port.

import net from 'node:net';
import tls from 'node:tls';
import type { TestAuthority } from './test-authority.ts';

export type Handshake = { readonly serverName: string; readonly alpn: string; readonly agent: string };

export type Laptop = {
  readonly port: number;
  readonly handshakes: Handshake[];
  /** Closes the relay's port and everything that came by it. */
  close(): Promise<void>;
};

const PROBE = 'tp-probe';

export async function startLaptop(
  authority: TestAuthority,
  peerName: string,
  localPort: () => number,
): Promise<Laptop> {
  const { certificateChain: cert, privateKey: key } = await authority.issue({ type: 'dns', value: peerName });
  const handshakes: Handshake[] = [];
  const locals = new WeakMap<net.Socket, net.Socket>();
  const secure = tls.createServer({
    ...{ cert, key, ca: authority.pem, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true },
    ...{ minVersion: 'TLSv1.3', ALPNProtocols: ['h2', 'http/1.1', PROBE] },
  });
  secure.on('tlsClientError', (_error, socket) => socket.destroy());
  secure.on('secureConnection', (socket) => {
    const { servername, alpnProtocol } = socket as tls.TLSSocket & { servername: string };
    const agent = String(socket.getPeerCertificate().subjectaltname);
    handshakes.push({ serverName: servername, alpn: String(alpnProtocol), agent });
    const local = locals.get((socket as unknown as { _parent: net.Socket })._parent);
    if (local === undefined) return void socket.on('error', () => socket.destroy()).resume();
    splice(socket, local);
  });
  const open = new Set<net.Socket>();
  const relay = net.createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (raw) => {
    open.add(raw);
    raw.on('close', () => open.delete(raw)).on('error', () => raw.destroy());
    raw.once('readable', () => {
      const hello: Buffer | null = raw.read();
      if (hello === null) return void raw.destroy();
      raw.unshift(hello);
      if (hello.includes(PROBE)) return void secure.emit('connection', raw);
      const local = net.connect({ port: localPort(), host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      locals.set(raw, local);
      local.on('error', () => raw.resetAndDestroy());
      local.once('connect', () => secure.emit('connection', raw));
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    port: (relay.address() as net.AddressInfo).port,
    handshakes,
    close: () => {
      for (const raw of open) raw.destroy();
      return new Promise((resolve) => relay.close(() => resolve()));
    },
  };
}

function splice(a: net.Socket, b: net.Socket): void {
  a.on('error', () => b.destroy()).on('close', () => b.destroy());
  b.on('error', () => a.destroy()).on('close', () => a.destroy());
  a.pipe(b);
  b.pipe(a);
}
