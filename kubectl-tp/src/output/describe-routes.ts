// Where a laptop's routes lead, and which ranges stand for others, as people read it. Pure.

import type { LaptopReport } from '../ipc/network-messages.ts';

/** More are counted: a namespace has many Services and pods. */
const MAX_NAMED = 8;

export function describeRoutes(routes: readonly string[]): string {
  if (routes.length === 0) return 'no addresses';
  const named = routes.slice(0, MAX_NAMED).map((cidr) => cidr.replace(/(?<=\..*)\/32$|(?<=:.*)\/128$/, ''));
  const more = routes.length - named.length;
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`;
}

/** A sentence for each. */
export function describeTranslated(translated: LaptopReport['translated']): string[] {
  const named = translated.slice(0, MAX_NAMED).map(({ cluster, laptop, why }) => `${cluster} as ${laptop}: ${why}`);
  const more = translated.length - named.length;
  return more === 0 ? named : [...named, `and ${more} more ranges as others`];
}
