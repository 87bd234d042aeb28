// Where a laptop's routes lead, as people read it. Pure.

/** More are counted: a namespace has many Services and pods. */
const MAX_NAMED = 8;

export function describeRoutes(routes: readonly string[]): string {
  if (routes.length === 0) return 'no addresses';
  const named = routes.slice(0, MAX_NAMED).map((cidr) => cidr.replace(/(?<=\..*)\/32$|(?<=:.*)\/128$/, ''));
  const more = routes.length - named.length;
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`;
}
