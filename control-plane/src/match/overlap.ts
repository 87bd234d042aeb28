// Decides whether one request could belong to two intercepts. Used before an intercept is accepted, so that nobody
// ever takes requests away from somebody else.

import type { HeaderMatch, RequestMatch } from '../api/index.ts';
import { buildConditions, type RequestShape } from './condition.ts';

/**
 * An example of a request that both would get, or undefined when there is none. Two values of one header exclude each
 * other: agents compare the whole value, and a header sent twice is one value joined by a comma.
 */
export function overlap(a: RequestMatch, b: RequestMatch): RequestShape | undefined {
  const values = new Map<string, string>();
  for (const { name, value } of buildConditions({ headers: [...a.headers, ...b.headers] })) {
    const known = values.get(name);
    if (known !== undefined && known !== value) return undefined;
    values.set(name, value);
  }
  return { headers: [...values].map(([name, value]): HeaderMatch => ({ name, value })) };
}
