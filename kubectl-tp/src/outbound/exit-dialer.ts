// Connections that leave from the pods of a workload: a relay joins each with the gate of an agent there, and TLS runs
// between laptop and agent. Names, and which addresses are the cluster's, are for others to know.

import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ALPN_DATAGRAMS, type DialRequest, type ExitName, ProtocolError } from '@kubectl-tp/control-plane/protocol';
import type { TlsIdentity } from '../tunnel/tls-identity.ts';
import { underTls } from '../tunnel/under-tls.ts';
import { CAPSULES } from './capsules.ts';
import { openDatagrams } from './datagrams.ts';
import { DialError, type Dialer, type Endpoint } from './dialer.ts';
import { requestDatagrams } from './request-datagrams.ts';

/**
 * For the agent's connection to the far side and the handshake after it. Shorter than the agent itself waits, so that
 * silence is told from a refusal, and as long as relays wait when they dial.
 */
const CONNECT_TIMEOUT_MS = 10_000;

export type ExitDialerOptions = {
  /** Of the outbound tunnel. */
  readonly open: (request: DialRequest, signal: AbortSignal) => Promise<Duplex>;
  readonly exit: ExitName;
  readonly identity: () => TlsIdentity;
};

export type ExitDialer = Dialer & {
  /** Resolves when relay and an agent were seen to work; throws DialError, or the signal's reason. */
  prove(signal: AbortSignal): Promise<void>;
};

export function createExitDialer({ open, exit, identity }: ExitDialerOptions): ExitDialer {
  async function dial({ host, port }: Endpoint, signal: AbortSignal, alpn?: string): Promise<Duplex> {
    const request: DialRequest = { kind: 'exit', host, port, exit };
    const stream = await open(request, signal);
    try {
      return await secure(stream, signal, alpn);
    } catch (error) {
      // Nothing of the program has been sent: what was asked of a tunnel that broke can be asked of another.
      if (!(error instanceof DialError && error.failure === 'lost')) throw error;
      return secure(await open(request, signal), signal, alpn);
    }
  }

  async function secure(stream: Duplex, signal: AbortSignal, alpn: string | undefined): Promise<Duplex> {
    const { gateContext, verifyAgent } = identity();
    const tls = connectTls({
      socket: underTls(stream),
      secureContext: gateContext,
      ...(alpn !== undefined && { ALPNProtocols: [alpn] }),
      // Agents have no names that a client could check: their certificates are judged below.
      rejectUnauthorized: false,
    });
    tie(tls, stream);
    try {
      await handshake(tls, stream, signal);
      const certificate = tls.getPeerX509Certificate();
      const agent = certificate && verifyAgent(certificate, Date.now());
      if (agent?.namespace !== exit.namespace) {
        throw new DialError('unreachable', `What answers is no agent of namespace ${exit.namespace}.`);
      }
      return tls;
    } catch (error) {
      tls.destroy();
      stream.destroy();
      throw error;
    }
  }

  async function dialDatagrams(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    const stream = await dial(to, signal, ALPN_DATAGRAMS);
    return requestDatagrams(stream, to, signal);
  }

  return {
    connect: (to, signal) => dial(to, signal),
    openDatagrams: (to, handlers) => openDatagrams((signal) => dialDatagrams(to, signal), handlers, CAPSULES),
    async prove(signal) {
      const stream = await dial({ host: '', port: 0 }, signal);
      stream.destroy();
    },
  };
}

/** TLS itself cannot say reset: the stream below does, both ways. */
function tie(tls: TLSSocket, stream: Duplex): void {
  tls.on('error', () => stream.destroy());
  tls.on('close', () => {
    if (!(tls.readableEnded && tls.writableFinished)) stream.destroy();
  });
  stream.on('error', (error) => tls.destroy(error));
  stream.on('close', () => {
    if (!stream.readableEnded) tls.destroy();
  });
}

/** The agent's last word comes when the far side has accepted; when it has not, the agent hangs up. */
function handshake(tls: TLSSocket, stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(limit);
      tls.off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onError = (error: Error) => settle(explain(stream, error));
    const onClose = () => settle(explain(stream));
    const onAbort = () => settle(signal.reason);
    const limit = setTimeout(() => settle(new DialError('timeout', 'Nobody answers there.')), CONNECT_TIMEOUT_MS);
    tls.once('secureConnect', () => settle());
    tls.once('error', onError).once('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

/** What is no TLS, or TLS that was broken off, is not the far side's doing, and neither is the end of the tunnel. */
function explain(stream: Duplex, error?: Error & { code?: string }): DialError {
  if (error?.code?.startsWith('ERR_SSL') === true) {
    return new DialError('unreachable', `The agent does not take the connection: ${error.message}`, { cause: error });
  }
  return hasHungUp(stream)
    ? new DialError('refused', 'The far side does not take the connection.', { cause: error })
    : new DialError('lost', 'The tunnel to the relay broke off.', { cause: stream.errored ?? error });
}

/** The agent did, in order or by a reset that the relay has passed on. */
function hasHungUp({ readableEnded, errored }: Duplex): boolean {
  return readableEnded || (errored instanceof ProtocolError && errored.code === 'CONNECTION_RESET');
}
