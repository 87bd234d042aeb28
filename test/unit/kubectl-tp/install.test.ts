// Installing and uninstalling, as far as it is told without a cluster.

import test from 'ava';
import { startScriptedApi } from '../../helpers/scripted-api.ts';
import { createPlugin } from './run-plugin.ts';

test('a dry run says that it checks, not that it applies', async (t) => {
  const { kubeconfig } = await startScriptedApi(t, {
    'GET /version': { status: 200, body: { major: '1', minor: '33', gitVersion: 'v1.33.0' } },
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews': { status: 201, body: { status: { allowed: true } } },
  });
  const { run } = await createPlugin(t, { KUBECONFIG: kubeconfig });
  const { code, stderr } = await run('install', '--dry-run');
  t.is(code, 0, stderr);
  t.regex(stderr, /^Checking Namespace kubectl-tp$/m);
  t.notRegex(stderr, /Applying/);
});
