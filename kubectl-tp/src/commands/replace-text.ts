// What `replace` tells when it works. Pure.

import type { ReplaceResult } from '../ipc/intercept-messages.ts';
import { formatFacts } from '../output/table.ts';
import { otherwiseText, whereText } from './intercept-text.ts';

export function formatReplace({ intercepts, inside }: ReplaceResult, { held = false } = {}): string {
  const [first] = intercepts;
  if (first === undefined) return 'Nothing to replace.';
  const { target, namespace, volumes, agents, fallback } = first;
  const facts: [string, string][] = [
    ...intercepts.map(({ containerPort, laptop }): [string, string] => [
      `port ${containerPort}`,
      `port ${laptop.port} of ${whereText(inside)}`,
    ]),
    ['agents', `${agents.ready}/${agents.total}, each has reached this laptop`],
    ['otherwise', `${otherwiseText(fallback)}; probes are answered by the pod`],
    ...(volumes === undefined ? [] : [['files', volumes.root] satisfies [string, string]]),
    ['end', held ? 'ends with the command' : `kubectl tp leave ${target} -n ${namespace}`],
  ];
  return `Replacing ${target} in ${namespace}\n${formatFacts(facts)}`;
}
