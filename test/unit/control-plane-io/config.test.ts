// The control plane's environment.

import test from 'ava';
import { parseConfig } from '../../../control-plane/src/config.ts';

test('configuration: defaults, and what is wrong by name', (t) => {
  const env = { POD_NAME: 'p', POD_NAMESPACE: 'n' };
  t.like(parseConfig(env), { podName: 'p', xdsPort: 15010, agentIdleTimeoutMs: 3600_000, logLevel: 'info' });
  t.is(parseConfig({ ...env, TP_AGENT_IDLE_TIMEOUT: '90s' }).agentIdleTimeoutMs, 90_000);
  for (const [wrong, name] of [
    [{ POD_NAME: '' }, /POD_NAME/],
    [{ TP_SESSION_GRACE: 'soon' }, /TP_SESSION_GRACE/],
    [{ TP_ADMIN_PORT: '99999' }, /TP_ADMIN_PORT/],
  ] as const) {
    t.throws(() => parseConfig({ ...env, ...wrong }), { code: 'CONFIG_INVALID', message: name });
  }
});
