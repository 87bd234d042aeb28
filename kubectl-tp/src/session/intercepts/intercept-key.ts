// What an intercept is found by where a Map has many.

import type { InterceptName } from '../../ipc/api.ts';

export function interceptKey({ namespace, name }: InterceptName): string {
  return `${namespace}/${name}`;
}
