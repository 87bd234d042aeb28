// What an intercept is found by where a Map has many.

import type { InterceptName } from '../../ipc/intercept-messages.ts';

export function interceptKey({ namespace, name }: InterceptName): string {
  return `${namespace}/${name}`;
}
