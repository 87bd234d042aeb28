import test from 'ava';
import fc from 'fast-check';
import type { AgentConfig } from '../../../xds/src/ir/agent-config.ts';
import { normalizeAgentConfig } from '../../../xds/src/ir/normalize.ts';
import { validateAgentConfig } from '../../../xds/src/ir/validate.ts';
import { isSameSet } from '../../../xds/src/resource-set.ts';
import { buildAgentResources } from '../../../xds/src/translator/translate.ts';
import { anyConfig, soundConfig } from '../../helpers/arbitrary-agent-config.ts';

const CREDENTIALS = { certificateChain: 'chain', privateKey: 'key', authority: 'authority' };
const build = (config: AgentConfig) => buildAgentResources(config, CREDENTIALS);

test('the order of ports, tunnels and relays makes no difference', (t) => {
  const shuffled = soundConfig.chain((config) => fc.record({ config: fc.constant(config), other: shuffle(config) }));
  fc.assert(fc.property(shuffled, ({ config, other }) => t.true(isSameSet(build(config), build(other)))));
});

test('the order of intercepts does, because it is their precedence', (t) => {
  const [config] = fc.sample(
    soundConfig.filter(({ ports }) => ports[0]?.mode === 'http'),
    1,
  );
  const reversed = config?.ports.map((port) => ({ ...port, intercepts: port.intercepts.toReversed() }));
  t.false(config && reversed && isSameSet(build(config), build({ ...config, ports: reversed })));
});

test('a sound configuration has no problems and nothing is left out of it', (t) => {
  fc.assert(
    fc.property(soundConfig, (config) => {
      t.deepEqual(validateAgentConfig(config), []);
      t.deepEqual(normalizeAgentConfig(config).ports, config.ports);
    }),
  );
});

test('whatever comes, what is left of it is sound', (t) => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const normal = normalizeAgentConfig(config);
      t.deepEqual(validateAgentConfig(normal), []);
      t.deepEqual(normalizeAgentConfig(normal), normal);
      t.notThrows(() => build(config));
    }),
  );
});

test('everything in a set is referred to, so that an agent asks for it', (t) => {
  fc.assert(
    fc.property(soundConfig, (config) => {
      const { endpoint, route, listener } = build(config);
      const intercepts = config.ports.flatMap((port) => port.intercepts);
      const used = intercepts.flatMap(({ id }) => [`probe/${id}`, `relays/${id}`]);
      t.deepEqual([...endpoint.keys()], used.sort());
      t.deepEqual([...route.keys()], [...listener.keys()]);
      t.is(listener.size, config.ports.length);
    }),
  );
});

test('without credentials everybody is a bystander', (t) => {
  fc.assert(
    fc.property(soundConfig, (config) => {
      const { cluster, secret, endpoint } = buildAgentResources(config, undefined);
      t.deepEqual([...cluster.keys()], ['app/8080', 'app/8081', 'app/8082']);
      t.is(secret.size + endpoint.size, 0);
    }),
  );
});

function shuffle(config: AgentConfig): fc.Arbitrary<AgentConfig> {
  const all = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
  const tunnels = fc
    .tuple(
      ...config.tunnels.map(({ relays, ...tunnel }) =>
        all(relays).map((shuffled) => ({ ...tunnel, relays: shuffled })),
      ),
    )
    .chain(all);
  return fc.record({
    node: fc.constant(config.node),
    podIp: fc.constant(config.podIp),
    ports: all(config.ports),
    tunnels,
  });
}
