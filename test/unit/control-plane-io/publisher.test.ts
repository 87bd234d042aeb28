// What becomes of agents' configurations: snapshots, certificates, problems.

import test from 'ava';
import { createAgentCertificates } from '../../../control-plane/src/certificates/agent-certificates.ts';
import { createAuthority, parseAuthority } from '../../../control-plane/src/certificates/authority.ts';
import { createPublisher } from '../../../control-plane/src/publisher.ts';
import { type AgentConfig, createSnapshotCache } from '../../../xds/src/index.ts';

const agent = (node: string, session?: string): AgentConfig => ({
  node,
  podIp: '10.0.0.1',
  ports: [
    {
      appPort: 8080,
      agentPort: 15080,
      mode: session === undefined ? 'tcp' : 'http',
      intercepts:
        session === undefined
          ? []
          : [
              {
                id: 'shop/i',
                session,
                serverName: 'i.shop.s.session.tp',
                headers: [{ name: 'x-tp-x', value: 'v' }],
                fallback: 'pod',
              },
            ],
    },
  ],
  tunnels: session === undefined ? [] : [{ session, peerName: 's.session.tp', relays: [] }],
});

test('publishing: certificates only where there are tunnels, problems by intercept, gone agents forgotten', async (t) => {
  const authority = await parseAuthority(await createAuthority(Date.now()));
  const cache = createSnapshotCache();
  const certificates = createAgentCertificates(authority);
  const publisher = createPublisher({ cache, certificates, now: Date.now, onTrouble: () => t.fail() });
  const idle = await publisher.publish(new Map([['a/1', agent('a/1')]]));
  t.is(idle.nextMs, Number.POSITIVE_INFINITY);
  t.is(cache.getSnapshot('a/1')?.set.secret.size, 0);
  const first = cache.getSnapshot('a/1');
  await publisher.publish(new Map([['a/1', agent('a/1')]]));
  t.is(cache.getSnapshot('a/1'), first, 'an equal configuration is not built again');
  const busy = await publisher.publish(new Map([['a/2', agent('a/2', 's')]]));
  t.true(busy.nextMs < Number.POSITIVE_INFINITY);
  t.regex(busy.problems.get('shop/i') ?? '', /x-tp-x/);
  t.deepEqual([...cache.nodes], ['a/2']);
});
