// Leases follow the tunnels, whatever the API server does meanwhile.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { LEASES } from '../../../control-plane/src/api/index.ts';
import { createLeases } from '../../../control-plane/src/relay/leases.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import { startApp } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const ENDING_RELAY = fileURLToPath(new URL('../../helpers/ending-relay.ts', import.meta.url));
const POD = { name: 'relay-0', namespace: 'kubectl-tp', uid: 'uid-0' };
const NOW = Date.parse('2026-01-02T03:04:05.678Z');

function setUp() {
  const kubernetes = createMemoryKubernetes();
  const troubles: string[] = [];
  const leases = createLeases({
    client: kubernetes.client,
    pod: POD,
    now: () => NOW,
    onTrouble: (session, error) => troubles.push(`${session}: ${error instanceof Error ? error.message : error}`),
  });
  return { kubernetes, leases, troubles, names: () => kubernetes.names(LEASES) };
}

test('a Lease says who holds which tunnel where, and goes with its pod', async (t) => {
  const { kubernetes, leases, names } = setUp();
  t.teardown(() => leases.close(1000));
  leases.hold('me');
  await waitFor('a Lease', () => names().length === 1);
  t.deepEqual(kubernetes.find(LEASES, 'me.relay-0') as object, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'me.relay-0',
      namespace: 'kubectl-tp',
      labels: { 'kubectl-tp.dev/session': 'me', 'app.kubernetes.io/component': 'relay' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'relay-0', uid: 'uid-0' }],
    },
    spec: { holderIdentity: 'relay-0', leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.678000Z' },
  });
});

test('the last word counts, however quickly tunnels come and go', async (t) => {
  const { leases, names } = setUp();
  t.teardown(() => leases.close(1000));
  for (let round = 0; round < 50; round += 1) {
    leases.hold('flaps');
    leases.release('flaps');
    leases.hold('stays');
    leases.release('stays');
  }
  leases.hold('stays');
  await waitFor('one Lease', () => names().join() === 'stays.relay-0');
  t.pass();
});

test('with the API server away it keeps trying, and catches up with what became of it', async (t) => {
  const { kubernetes, leases, troubles, names } = setUp();
  t.teardown(() => leases.close(1000));
  leases.hold('gone');
  await waitFor('a Lease', () => names().length === 1);
  kubernetes.isAway = true;
  leases.release('gone');
  leases.hold('new');
  await waitFor('trouble with both', () => new Set(troubles).size === 2);
  kubernetes.isAway = false;
  await waitFor('one Lease', () => names().join() === 'new.relay-0');
  t.deepEqual([...new Set(troubles)].sort(), ['gone: nobody answers', 'new: nobody answers']);
});

test('closing takes all Leases away and allows no new one, and does not wait for ever', async (t) => {
  const { leases, names } = setUp();
  leases.hold('one');
  leases.hold('two');
  await waitFor('two Leases', () => names().length === 2);
  await leases.close(1000);
  t.deepEqual(names(), []);
  leases.hold('late');
  t.deepEqual(names(), []);

  const stuck = setUp();
  stuck.leases.hold('one');
  await waitFor('a Lease', () => stuck.names().length === 1);
  stuck.kubernetes.isAway = true;
  await stuck.leases.close(200);
  t.deepEqual(stuck.names(), ['one.relay-0']);
});

for (const what of ['refuses', 'hangs'] as const) {
  test(`a relay that ends while the API server ${what} is not kept from it`, async (t) => {
    let asked = 0;
    const { port } = await startApp(t, (socket) => {
      asked += 1;
      if (what === 'refuses') socket.resetAndDestroy();
    });
    const relay = spawn(process.execPath, [ENDING_RELAY, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => relay.kill('SIGKILL'));
    const output = text(relay.stdout);
    await waitFor('its end', () => relay.exitCode !== null, 60_000);
    t.deepEqual([relay.exitCode, await output], [0, 'closed\n']);
    t.true(asked > 0);
  });
}
