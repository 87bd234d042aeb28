// The simulated agents of xds-fanout.ts, in a process of their own so that they cost the server nothing but streams.
// Each asks for everything, as Envoy does, and acknowledges all it gets.

import { RESOURCE_TYPES, resourceTypeOf } from '../../xds/src/resource-set.ts';
import { connectLeanAgent } from './lean-agent.ts';

/** Names of the resources that are asked for by name; clusters and listeners are asked for as a whole. */
export type AgentsOrder = {
  port: number;
  authority: string;
  nodes: string[];
  names: { endpoint: string[]; secret: string[]; route: string[] };
};

/** How many agents do their TLS handshake at a time. */
const JOINING_AT_ONCE = 20;

process.once('message', (order: AgentsOrder) => joinAll(order));
process.once('disconnect', () => process.exit());

async function joinAll({ nodes, ...order }: AgentsOrder): Promise<void> {
  const waiting = [...nodes];
  const joinSome = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) await join(node, order);
  };
  await Promise.all(Array.from({ length: JOINING_AT_ONCE }, joinSome));
}

/** Resolves with the first response. */
function join(node: string, { port, authority, names }: Omit<AgentsOrder, 'nodes'>): Promise<void> {
  return new Promise((resolve) => {
    const agent = connectLeanAgent({ port, authority, node }, ({ typeUrl, nonce }) => {
      const type = resourceTypeOf(typeUrl);
      if (type !== undefined) agent.send(type, { responseNonce: nonce });
      resolve();
    });
    for (const type of RESOURCE_TYPES) {
      agent.send(type, { resourceNamesSubscribe: type === 'cluster' || type === 'listener' ? [] : names[type] });
    }
  });
}
