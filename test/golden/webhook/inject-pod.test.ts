// What injection makes of a pod.

import { injectPod } from '../../../webhook/src/inject/inject-pod.ts';
import type { NamespaceView } from '../../../webhook/src/inject/namespace-view.ts';
import type { Pod } from '../../../webhook/src/inject/pod.ts';
import type { InjectSettings } from '../../../webhook/src/inject/settings.ts';
import { SETTINGS } from '../../fixtures/webhook.ts';
import { goldenCases } from '../../helpers/golden.ts';

type Case = { pod: Pod; namespace: Partial<NamespaceView>; settings?: Partial<InjectSettings> };

goldenCases(new URL('testdata/', import.meta.url), ({ pod, namespace, settings }: Case) => {
  const view = { labels: {}, services: [], targets: [], ...namespace };
  return simplify(injectPod(pod, view, { ...SETTINGS, ...settings }));
});

/** As it would be sent, but for the bootstrap: the tests of the bootstrap say what is in it. */
function simplify(result: object): object {
  const shorten = (_key: string, value: unknown) =>
    typeof value === 'string' && value.startsWith('{"node":') ? '(bootstrap)' : value;
  return JSON.parse(JSON.stringify(result, shorten));
}
