// Which versions of plugin and cluster part work together.

import test from 'ava';
import type { Pod } from '../../../kubectl-tp/src/kubernetes/objects.ts';
import { assertSameVersion } from '../../../kubectl-tp/src/session/same-version.ts';

const relay = (version: string | undefined): Pod => ({
  metadata: { name: 'relay', labels: version === undefined ? {} : { 'app.kubernetes.io/version': version } },
  spec: { containers: [] },
});

const fits = test.macro({
  exec: (t, installed: readonly (string | undefined)[], plugin: string, hint: RegExp | undefined) => {
    const check = () => assertSameVersion(installed.map(relay), plugin);
    if (hint === undefined) return t.notThrows(check);
    const error = t.throws(check);
    t.like(error, { code: 'VERSION_MISMATCH' });
    return t.regex((error as { hint?: string }).hint ?? '', hint);
  },
  title: (_, installed: readonly (string | undefined)[], plugin: string) =>
    `${JSON.stringify(installed)} with ${plugin}`,
});

test(fits, ['0.1.0'], '0.1.7', undefined);
test(fits, ['1.2.0'], '1.9.0', undefined);
test(fits, ['0.1.0', '0.2.0'], '0.2.0', undefined);
test(fits, [undefined], '0.2.0', undefined);
test(fits, [], '0.2.0', undefined);
test(fits, ['0.9.0'], '0.10.0', /kubectl tp install/);
test(fits, ['0.3.0'], '0.2.0', /krew upgrade/);
test(fits, ['1.0.0'], '0.9.0', /krew upgrade/);
