// Agents take endpoints of which they hear nothing for stale, so the server sends them again and again.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import test from 'ava';
import { ClusterLoadAssignmentSchema } from '../../../xds/src/proto/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { createResourceSet, RESOURCE_TYPES, type ResourceSet } from '../../../xds/src/resource-set.ts';
import { buildDuration } from '../../../xds/src/translator/typed-config.ts';
import { waitFor } from './helpers/agent.ts';
import { callHttp1 } from './helpers/callers.ts';
import { MINE } from './helpers/configs.ts';
import { setScene } from './helpers/scene.ts';

const STALE_AFTER_MS = 1000;
const staleSoon = (set: ResourceSet) => mapEndpoints(set, STALE_AFTER_MS);

test('an intercept that nobody changes outlives the time after which its endpoints are stale', async (t) => {
  const { agent, apply } = await setScene(t, { endpointRefreshMs: 250, adapt: staleSoon });
  await apply();
  await waitFor(
    // Two seconds, twice as long as endpoints last.
    async () => (await countUpdates(agent.stats)) > 8,
    () => 'endpoints again and again',
  );
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'laptop');
  t.is(await countStale(agent.stats), 0);
});

test('without a control plane endpoints do become stale, and the pod answers', async (t) => {
  const { agent, apply } = await setScene(t, { endpointRefreshMs: 60_000, adapt: staleSoon });
  await apply();
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'laptop');
  await waitFor(
    async () => (await countStale(agent.stats)) > 0,
    () => 'stale endpoints',
  );
  t.is((await callHttp1({ port: agent.agentPort, headers: MINE })).body, 'pod');
});

type Stats = (filter: string) => Promise<Record<string, number>>;

async function countUpdates(stats: Stats): Promise<number> {
  return sum(await stats('^cluster.tunnel/.*update_success'));
}

async function countStale(stats: Stats): Promise<number> {
  return sum(await stats('^cluster.tunnel/.*assignment_stale'));
}

function sum(counters: Record<string, number>): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}

/** The same set with endpoints that are stale after this long. */
function mapEndpoints(set: ResourceSet, staleAfterMs: number): ResourceSet {
  const resources = RESOURCE_TYPES.flatMap((type) =>
    [...set[type].values()].map((resource) => ({ ...resource, type })),
  );
  return createResourceSet(
    resources.map(({ type, name, value }) => {
      if (type !== 'endpoint') return { type, name, value };
      const endpoints = fromBinary(ClusterLoadAssignmentSchema, value);
      if (endpoints.policy !== undefined) endpoints.policy.endpointStaleAfter = buildDuration(staleAfterMs);
      return { type, name, value: toBinary(ClusterLoadAssignmentSchema, endpoints) };
    }),
  );
}
