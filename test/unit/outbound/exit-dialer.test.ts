// What a program hears when its connection by a pod fails before it is made: the far side's word only if that was it.

import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { DialError, type DialFailure } from '../../../kubectl-tp/src/outbound/dialer.ts';
import { createExitDialer } from '../../../kubectl-tp/src/outbound/exit-dialer.ts';
import { createTlsIdentity } from '../../../kubectl-tp/src/tunnel/tls-identity.ts';
import { startApp } from '../../helpers/loopback.ts';
import { createOutboundRig } from '../../helpers/outbound-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const HOST = '127.0.0.1';
const SECRET = 'of the exit';
/** The relay's, for IPv4 and with the secret; behind it the laptop speaks. */
const HEADER_BYTES = 28 + 3 + SECRET.length;
const never = new AbortController().signal;

/** A laptop, a relay, and in place of the agent's gate what does `onHello` to whom it has heard. */
async function createExitRig(t: ExecutionContext, onHello: (gate: Socket) => void) {
  const gate = await startApp(t, (socket) => {
    let bytes = 0;
    socket.on('data', (data) => {
      const hadHello = bytes > HEADER_BYTES;
      bytes += data.length;
      if (!hadHello && bytes > HEADER_BYTES) onHello(socket);
    });
  });
  const agents = [{ pod: 'web-1', address: HOST, port: gate.port, secret: SECRET }];
  const { outbound, session, cut } = await createOutboundRig(t, { findAgents: async () => ({ agents }) });
  const dialer = createExitDialer({
    open: outbound.open,
    exit: { namespace: 'team-a', name: 'web-out' },
    identity: createTlsIdentity(() => session.certificate),
  });
  return { dial: () => dialer.connect({ host: HOST, port: 80 }, never), cut };
}

async function failureOf(t: ExecutionContext, attempt: Promise<unknown>): Promise<DialFailure | undefined> {
  return (await t.throwsAsync(attempt, { instanceOf: DialError }))?.failure;
}

const refuses = test.macro(async (t, hangUp: (gate: Socket) => void) => {
  const { dial } = await createExitRig(t, hangUp);
  t.is(await failureOf(t, dial()), 'refused');
});
test('an agent that hangs up in order has been refused', refuses, (gate) => void gate.end());
test('an agent that resets has been refused', refuses, (gate) => void gate.resetAndDestroy());

test('a tunnel that breaks during the handshake is no refusal: asked again by the next, and then lost', async (t) => {
  let heard = 0;
  const { dial, cut } = await createExitRig(t, () => {
    heard += 1;
  });
  const failure = failureOf(t, dial());
  await waitFor('the first hello', () => heard === 1);
  cut();
  await waitFor('the second hello', () => heard === 2);
  cut();
  t.is(await failure, 'lost');
});

test('what is no TLS is neither', async (t) => {
  const { dial } = await createExitRig(t, (gate) => void gate.end('not by this relay\n'));
  t.is(await failureOf(t, dial()), 'unreachable');
});
