// testdata/<case>/in.yaml -> out.yaml: what injection makes of a pod. TP_REWRITE=1 writes the outputs anew; read the
// difference before you commit it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parse, stringify } from 'yaml';
import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { NamespaceView } from '../../../webhook/src/inject/namespace-view.ts';
import type { Pod } from '../../../webhook/src/inject/pod.ts';
import type { InjectSettings } from '../../../webhook/src/inject/settings.ts';
import { SETTINGS } from '../../fixtures/webhook.ts';

type Case = { pod: Pod; namespace: Partial<NamespaceView>; settings?: Partial<InjectSettings> };

const TESTDATA = new URL('testdata/', import.meta.url);

for (const name of readdirSync(TESTDATA)) {
  test(name, (t) => {
    const { pod, namespace, settings }: Case = parse(readFileSync(new URL(`${name}/in.yaml`, TESTDATA), 'utf8'));
    const view = { labels: {}, services: [], targets: [], ...namespace };
    const result = simplify(injectPod(pod, view, { ...SETTINGS, ...settings }));
    const output = new URL(`${name}/out.yaml`, TESTDATA);
    if (process.env.TP_REWRITE === '1') writeFileSync(output, stringify(result, { lineWidth: 0 }));
    t.deepEqual(result, parse(readFileSync(output, 'utf8')));
  });
}

/** As it would be sent, but for the bootstrap: the tests of the bootstrap say what is in it. */
function simplify(result: unknown): unknown {
  const shorten = (_key: string, value: unknown) =>
    typeof value === 'string' && value.startsWith('{"node":') ? '(bootstrap)' : value;
  return JSON.parse(JSON.stringify(result, shorten));
}
