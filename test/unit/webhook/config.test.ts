import test from 'ava';
import { parseConfig } from '../../../webhook/src/config.ts';

const ENV = { POD_NAMESPACE: 'kubectl-tp', TP_AGENT_IMAGE: 'envoy:1', TP_CAPTURE_IMAGE: 'tp:1' };

test('what the chart sets becomes the settings of injection', (t) => {
  const resources = { requests: { cpu: '10m' }, limits: { memory: '256Mi' } };
  const env = { ...ENV, TP_AGENT_RESOURCES: JSON.stringify(resources), TP_PRE_STOP_SLEEP_SECONDS: '0' };
  t.like(parseConfig(env), {
    webhookPort: 9443,
    adminPort: 8081,
    inject: {
      installNamespace: 'kubectl-tp',
      agentImage: 'envoy:1',
      agentResources: resources,
      preStopSleepSeconds: 0,
    },
  });
});

const WRONG: Record<string, Record<string, string>> = {
  TP_AGENT_IMAGE: { ...ENV, TP_AGENT_IMAGE: '' },
  TP_WEBHOOK_PORT: { ...ENV, TP_WEBHOOK_PORT: 'https' },
  TP_ADMIN_PORT: { ...ENV, TP_ADMIN_PORT: '99999' },
  TP_AGENT_RESOURCES: { ...ENV, TP_AGENT_RESOURCES: '{' },
  TP_CAPTURE_RESOURCES: { ...ENV, TP_CAPTURE_RESOURCES: '{"memory":"1Gi"}' },
};
for (const [name, env] of Object.entries(WRONG)) {
  test(`an error names the variable: ${name}`, (t) => {
    t.throws(() => parseConfig(env), { code: 'WEBHOOK_CONFIG_INVALID', message: new RegExp(name) });
  });
}

test('agents listen on IPv6 where the webhook itself has such an address', (t) => {
  const env = { POD_NAMESPACE: 'kubectl-tp', TP_AGENT_IMAGE: 'envoy', TP_CAPTURE_IMAGE: 'tp' };
  const isIpv6 = (POD_IPS?: string) => parseConfig({ ...env, POD_IPS }).inject.ipv6;
  t.deepEqual(
    [isIpv6('10.0.0.1,fd00::1'), isIpv6('fd00::1'), isIpv6('10.0.0.1'), isIpv6()],
    [true, true, false, false],
  );
});
