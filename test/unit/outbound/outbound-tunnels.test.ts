// The relay's end of the laptops' outbound tunnels, where what dials has a defect.

import { duplexPair } from 'node:stream';
import test from 'ava';
import { createMemoryBudget, createMux } from '../../../control-plane/src/protocol/index.ts';
import { createOutboundTunnels } from '../../../control-plane/src/relay/outbound/outbound-tunnels.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a defect resets the one stream, and is told', async (t) => {
  const troubles: string[] = [];
  let dials = 0;
  const tunnels = createOutboundTunnels(
    async (_session, stream) => {
      dials += 1;
      if (dials === 1) throw new TypeError('a defect');
      stream.end('hello');
    },
    { memory: createMemoryBudget(1 << 20), onTrouble: (session, error) => troubles.push(`${session}: ${error}`) },
  );
  const [relay, laptop] = duplexPair();
  tunnels.add('me', relay);
  const mux = createMux(laptop, { role: 'opener', onClose: () => undefined });
  t.teardown(() => mux.destroy());
  const broken = mux.open().on('error', () => undefined);
  await waitFor('a reset', () => broken.destroyed);
  t.like(broken.errored, { code: 'CONNECTION_RESET' });
  t.deepEqual(troubles, ['me: TypeError: a defect']);
  const whole = mux.open().on('error', () => undefined);
  t.is(String(await whole.toArray()), 'hello');
});
