// Agents' configurations for laws: sound ones, and ones with everything in them that a person or a program can get wrong.

import fc from 'fast-check';
import type { AgentConfig, AgentPort, InterceptRoute, Tunnel } from '../../xds/src/ir/agent-config.ts';

const SESSIONS = ['s1', 's2', 's3'];

const relay = fc.record({
  address: fc.constantFrom('10.0.0.8', '10.0.0.9', 'fd00::1'),
  port: fc.integer({ min: 1, max: 65535 }),
});
const tunnel = (session: string): fc.Arbitrary<Tunnel> =>
  fc.record({
    session: fc.constant(session),
    peerName: fc.constant(`${session}.session.tp`),
    relays: fc.uniqueArray(relay, { maxLength: 4, selector: ({ address, port }) => `${address} ${port}` }),
  });

const header = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9!#$%&'*+.^_`|~-]{0,20}$/).filter((name) => !name.startsWith('x-tp-')),
  value: fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,30}[\x21-\x7e])?$/),
});
const intercept = (n: number): fc.Arbitrary<InterceptRoute> =>
  fc.record({
    id: fc.constant(`team-a/intercept-${n}`),
    session: fc.constantFrom(...SESSIONS),
    serverName: fc.constant(`intercept-${n}.team-a.s1.session.tp`),
    headers: fc.array(header, { maxLength: 4 }),
    fallback: fc.constantFrom('pod', 'fail'),
  });
const port = (n: number): fc.Arbitrary<AgentPort> =>
  fc.record({
    appPort: fc.constant(8080 + n),
    agentPort: fc.constant(15080 + n),
    mode: fc.constantFrom('tcp', 'http'),
    intercepts: fc.tuple(intercept(2 * n), intercept(2 * n + 1)).map((both) => [...both]),
  });

/** Nothing is wrong with these. */
export const soundConfig: fc.Arbitrary<AgentConfig> = fc.record({
  node: fc.constant('team-a/orders-0'),
  podIp: fc.constant('127.0.0.1'),
  ports: fc.tuple(port(0), port(1), port(2)).map((ports) => [...ports]),
  tunnels: fc.tuple(...SESSIONS.map(tunnel)).map((tunnels) => [...tunnels]),
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' ', ':path', 'x-tp-a', 'host', 'a\r\nb', '\ud800'),
);
const anyNumber = fc.oneof(fc.integer({ min: -1, max: 70000 }), fc.constantFrom(0, Number.NaN, 1.5, 8080, 15080));
const anyHeader = fc.oneof(
  header,
  fc.record({ name: anyText, value: anyText }),
  fc.record({ name: fc.constant('x-dev'), value: anyText }),
);
const anyIntercept: fc.Arbitrary<InterceptRoute> = fc.record({
  id: fc.oneof(fc.constantFrom('team-a/one', 'team-a/two', 'team-a/three', 'team-a/four'), anyText),
  session: fc.oneof(fc.constantFrom(...SESSIONS), anyText),
  serverName: fc.oneof(fc.constant('a.s1.session.tp'), anyText),
  headers: fc.array(anyHeader, { maxLength: 18 }),
  fallback: fc.constantFrom('pod', 'fail'),
});
const anyRelay = fc.oneof(relay, fc.record({ address: anyText, port: anyNumber }));

/** Anything that fits the types, with enough that is right for the rest to matter. */
export const anyConfig: fc.Arbitrary<AgentConfig> = fc.record({
  node: fc.constant('team-a/orders-0'),
  podIp: fc.constant('127.0.0.1'),
  ports: fc.array(
    fc.record({
      appPort: fc.oneof(fc.constantFrom(8080, 8081), anyNumber),
      agentPort: fc.oneof(fc.constantFrom(15080, 15081), anyNumber),
      mode: fc.constantFrom('tcp' as const, 'http' as const),
      intercepts: fc.array(anyIntercept, { maxLength: 6 }),
    }),
    { maxLength: 6 },
  ),
  tunnels: fc.array(
    fc.record({
      session: fc.oneof(fc.constantFrom(...SESSIONS), anyText),
      peerName: fc.oneof(fc.constant('s1.session.tp'), anyText),
      relays: fc.array(anyRelay, { maxLength: 4 }),
    }),
    { maxLength: 4 },
  ),
});
