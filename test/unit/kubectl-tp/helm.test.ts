import test from 'ava';
import { buildConflictOptions } from '../../../kubectl-tp/src/install/helm.ts';

test('only a helm that asks about conflicts is told what to do', (t) => {
  for (const version of ['v3.19.0+g3d8990f', '3.2.1']) t.deepEqual(buildConflictOptions(version), []);
  for (const version of ['v4.2.4', 'v4.0.0-rc.1', 'v10.0.0']) {
    t.deepEqual(buildConflictOptions(version), ['--server-side=true', '--force-conflicts']);
  }
});
