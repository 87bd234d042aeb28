// By which agents connections may leave, asked of a running control plane, while an agent comes and goes.

import test from 'ava';
import type { Intercept } from '../../../control-plane/src/api/index.ts';
import type { KubernetesObject } from '../../../control-plane/src/kubernetes/index.ts';
import { connectAgent, obey } from '../../helpers/control-plane.ts';
import { INTERCEPTS_PATH, interceptObject } from '../../helpers/shop.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { askRaw, RELAY_TOKEN, startShopToReach } from './helpers/shop-to-reach.ts';

const NAME = 'orders-out';
const QUESTION = {
  path: '/exit',
  headers: { authorization: `Bearer ${RELAY_TOKEN}` },
  body: JSON.stringify({ session: 'alice-1', namespace: 'shop', name: NAME }),
};

function exitObject(): KubernetesObject {
  const { spec, ...rest } = interceptObject(NAME);
  const { laptop: _, ...others } = spec;
  const target = { kind: 'Deployment', name: 'orders' };
  return { ...rest, spec: { ...others, action: 'Exit', target, match: { headers: [] } } } as KubernetesObject;
}

test('an agent that has lost its stream is one by which connections leave, until it is back', async (t) => {
  const controlPlane = await startShopToReach(t);
  const { api } = controlPlane;
  const ask = async () => (await askRaw(controlPlane, QUESTION)).body.replace(/"secret":"[\w-]{43}"/, '"secret":""');
  t.is(await ask(), '{"found":false}');

  api.put(INTERCEPTS_PATH, exitObject());
  await waitFor('the exit', async () => (await ask()) === '{"found":true,"agents":[]}');
  const agent = connectAgent(t, controlPlane, 'token-of-an-agent');
  obey(agent);
  const opened = '{"found":true,"agents":[{"pod":"orders-abc-1","address":"10.0.0.7","port":15078,"secret":""}]}';
  await waitFor('its gate', async () => (await ask()) === opened);
  const reports = () =>
    Object.values(api.find<Intercept & KubernetesObject>(INTERCEPTS_PATH, NAME)?.status?.reports ?? {});
  await waitFor('the report', () => reports()[0]?.pods.length === 1);

  agent.close();
  await waitFor('the report to go', () => reports().every(({ pods }) => pods.length === 0));
  t.is(await ask(), opened);
});
