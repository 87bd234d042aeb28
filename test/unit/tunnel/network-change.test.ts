// A change of the laptop's network is a hint that what was open may be dead: what answers is kept, what does not is
// dialed anew, sooner than silence alone would tell.

import { type Duplex, duplexPair } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { createMemoryBudget, createMux } from '../../../control-plane/src/protocol/index.ts';
import { keepTunnel, type Tunnel } from '../../../kubectl-tp/src/tunnel/keep-tunnel.ts';
import { watchNetwork } from '../../../kubectl-tp/src/tunnel/network-watch.ts';
import { createTunnelSet } from '../../../kubectl-tp/src/tunnel/tunnel-set.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Twice the pause between two pings is 6 s, the limit of an attempt 10 s. */
const SOON_MS = 4500;

type Dialed = { readonly tunnel: Tunnel; dials(): number };

/** `answer` gets the relay's end of each connection; undefined: the connection never comes. */
function dial(t: ExecutionContext, answer: ((end: Duplex) => void) | undefined): Dialed {
  let dials = 0;
  const tunnel = keepTunnel({
    relay: 'relay-0',
    connector: {
      connect(_relay, signal) {
        dials += 1;
        const [connection, end] = duplexPair();
        if (answer !== undefined) {
          answer(end);
          return Promise.resolve({ connection, way: 'proxy' });
        }
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      shorten: async () => undefined,
      broke: () => undefined,
    },
    role: 'opener',
    memory: createMemoryBudget(1 << 20),
    onState: () => undefined,
  });
  t.teardown(() => tunnel.close(0));
  return { tunnel, dials: () => dials };
}

function relay(end: Duplex): void {
  createMux(end, { role: 'acceptor', onClose: () => undefined });
}

test('each change is told once', async (t) => {
  let network = 'home';
  const changes: string[] = [];
  const stop = watchNetwork(
    () => changes.push(network),
    () => network,
  );
  t.teardown(stop);
  network = 'train';
  await waitFor('the train', () => changes.length > 0);
  network = 'office';
  await waitFor('the office', () => changes.length > 1);
  t.deepEqual(changes, ['train', 'office']);
});

test('a tunnel that answers is kept, one that is silent is dialed anew', async (t) => {
  const living = dial(t, relay);
  const silent = dial(t, (end) => void end.resume());
  const both = [living, silent];
  await waitFor('both are up', () => both.every(({ tunnel }) => tunnel.state.name === 'up'));
  for (const { tunnel } of both) tunnel.check();
  await waitFor('another dial', () => silent.dials() > 1, SOON_MS);
  t.is(living.dials(), 1);
  t.is(living.tunnel.state.name, 'up');
});

test('an attempt that began in the old network makes room for one in the new', async (t) => {
  const { tunnel, dials } = dial(t, undefined);
  await waitFor('an attempt', () => dials() === 1);
  tunnel.check();
  await waitFor('another attempt', () => dials() === 2, SOON_MS);
  t.is(tunnel.state.name, 'dialing');
});

test('all tunnels of a set hear of a sleep and of a change, those that have ended do not', (t) => {
  const told: string[] = [];
  const start = (relay: string) =>
    ({
      redial: () => told.push(`${relay} slept`),
      check: () => told.push(`${relay} moved`),
      close: async () => undefined,
    }) as unknown as Tunnel;
  const set = createTunnelSet({ start, drainMs: 0 });
  set.setRelays(['relay-0', 'relay-1', 'relay-2']);
  set.setRelays(['relay-0', 'relay-1']);
  set.redial();
  set.check();
  t.deepEqual(told, ['relay-0 slept', 'relay-1 slept', 'relay-0 moved', 'relay-1 moved']);
});
