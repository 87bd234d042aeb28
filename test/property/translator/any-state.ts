// Small random clusters in which everything meets everything: few names, so that intercepts share pods, Services
// select the same pods, and sessions are missing or somebody else's.

import fc from 'fast-check';
import {
  buildState,
  type InterceptWords,
  type PodWords,
  type ServiceWords,
  type StateWords,
  type WorkloadWords,
} from '../../fixtures/cluster-state.ts';

const APPS = ['orders', 'prices'];
export const HEADER_NAMES = ['x-dev', 'x-team'];
export const HEADER_VALUES = ['a', 'b'];

const anyHeaders = fc.dictionary(fc.constantFrom(...HEADER_NAMES), fc.constantFrom(...HEADER_VALUES), { maxKeys: 2 });

const anyTarget = fc
  .tuple(
    fc.constantFrom('service', 'deployment'),
    fc.constantFrom(...APPS),
    fc.constantFrom('', ':http', ':8080', ':81'),
  )
  .map(([kind, app, port]) => `${kind}/${app}${port}`);

const anyIntercept: fc.Arbitrary<InterceptWords> = fc.record({
  name: fc.constantFrom('i1', 'i2', 'i3', 'i4', 'i5'),
  target: anyTarget,
  headers: anyHeaders,
  session: fc.constantFrom('alice-1', 'alice-1', 'bob-1', 'gone'),
  created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:40Z', '2026-01-01T00:00:59Z'),
});

const anyService: fc.Arbitrary<ServiceWords> = fc.record({
  name: fc.constantFrom(...APPS),
  selector: fc.constantFrom<Record<string, string>[]>({ app: 'orders' }, { app: 'prices' }, { tier: 'shop' }),
  headless: fc.boolean(),
  ports: fc.constantFrom<NonNullable<ServiceWords['ports']>[]>(
    [{ name: 'http', port: 80, targetPort: 'http' }],
    [{ name: 'http', port: 80, targetPort: 8080 }],
    [
      { name: 'http', port: 80, targetPort: 'http' },
      { port: 81, targetPort: 9000 },
    ],
  ),
});

const anyPod: fc.Arbitrary<PodWords> = fc
  .record({
    app: fc.constantFrom(...APPS),
    number: fc.integer({ min: 1, max: 4 }),
    agent: fc.constantFrom<('Name' | 'Nft' | undefined)[]>('Name', 'Nft', undefined),
    ready: fc.boolean(),
    terminating: fc.boolean(),
    bare: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
  })
  .map(({ app, number, agent, bare, ...rest }) => ({
    name: `${app}-${number}`,
    labels: { app, tier: 'shop' },
    ...(agent === undefined ? {} : { agent }),
    ...(bare ? { workload: null } : {}),
    ...rest,
  }));

const anyWorkload: fc.Arbitrary<WorkloadWords> = fc.record({
  name: fc.constantFrom(...APPS),
  paused: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
});

const byName = { selector: ({ name }: { name: string }) => name };

export const anyWords: fc.Arbitrary<StateWords> = fc.record({
  intercepts: fc
    .uniqueArray(anyIntercept, { ...byName, maxLength: 5 })
    .map((list) => list.map((one) => ({ ...one, owner: one.session === 'bob-1' ? 'bob' : 'alice' }))),
  sessions: fc.constant([
    { name: 'alice-1', owner: 'alice' },
    { name: 'bob-1', owner: 'bob' },
  ]),
  services: fc.uniqueArray(anyService, { ...byName, maxLength: 2 }),
  pods: fc.uniqueArray(anyPod, { ...byName, maxLength: 8 }),
  workloads: fc.uniqueArray(anyWorkload, { ...byName, maxLength: 2 }),
});

export const anyState = anyWords.map(buildState);
