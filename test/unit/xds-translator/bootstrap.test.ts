import test from 'ava';
import {
  type BootstrapOptions,
  buildAgentArguments,
  buildBootstrap,
  buildTokenSecretFile,
} from '../../../xds/src/bootstrap/bootstrap.ts';

const OPTIONS: BootstrapOptions = {
  ports: [{ appPort: 8080, agentPort: 15080 }],
  controlPlane: {
    host: 'tp-control-plane.kubectl-tp.svc',
    port: 15010,
    authority: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  },
  identityDirectory: '/var/run/tp/identity',
  adminSocket: '/var/run/tp/admin/admin.sock',
};

test('the kubelet finds its words in the arguments', (t) => {
  const text = buildAgentArguments(buildBootstrap(OPTIONS)).join(' ');
  const found = new Set(text.match(/\$\(\w+\)/g));
  t.deepEqual(found, new Set(['$(POD_NAMESPACE)', '$(POD_NAME)', '$(POD_IP)']));
});

test('a bootstrap fits well into a pod', (t) => {
  const ports = Array.from({ length: 16 }, (_, n) => ({ appPort: 8080 + n, agentPort: 15080 + n }));
  t.true(JSON.stringify(buildBootstrap({ ...OPTIONS, ports })).length < 20_000);
});

test('listeners take IPv6 only where there is some: without it in the kernel Envoy would not start', (t) => {
  const addresses = (ipv6: boolean) =>
    [
      ...JSON.stringify(buildBootstrap({ ...OPTIONS, readinessPort: 15020, ipv6 })).matchAll(/"address":"([0:.]+)"/g),
    ].map(([, address]) => address);
  t.deepEqual(addresses(false), ['0.0.0.0', '0.0.0.0']);
  t.deepEqual(addresses(true), ['::', '::']);
});

test("the token's file names what Envoy must watch", (t) => {
  const file = JSON.parse(buildTokenSecretFile('/var/run/tp/identity'));
  const { secret } = file.resources[0].generic_secret;
  t.deepEqual(secret, { filename: '/var/run/tp/identity/token', watched_directory: { path: '/var/run/tp/identity' } });
});

const refuses = test.macro((t, change: Partial<BootstrapOptions>, expected: string) => {
  const error = t.throws(() => buildBootstrap({ ...OPTIONS, ...change }), { code: 'XDS_BOOTSTRAP_INVALID' });
  t.true(error?.message.includes(expected), error?.message);
});

test('two ports that clash', refuses, { ports: [{ appPort: 15080, agentPort: 15080 }] }, 'clash');
test('a port that is none', refuses, { ports: [{ appPort: 0, agentPort: 15080 }] }, 'is none');
test('no authority', refuses, { controlPlane: { ...OPTIONS.controlPlane, authority: '' } }, 'no certificate');
test('a relative path', refuses, { identityDirectory: 'identity' }, 'slash');
