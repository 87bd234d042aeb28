// Decides which addresses of a laptop lead into the cluster: the cluster's, without those the laptop needs for itself or
// has another way to. Pure.

import {
  contains,
  formatRange,
  isSingle,
  mergeRanges,
  overlaps,
  type Range,
  without,
} from '@kubectl-tp/control-plane/addresses';

export type RouteWishes = {
  /** What the cluster is known to have. */
  readonly cluster: readonly Range[];
  /** What the person wants on top; routes of the laptop don't stand against it. */
  readonly also: readonly Range[];
  readonly never: readonly Range[];
  /** Single addresses without which the laptop would lose its network, or the way to the cluster. */
  readonly kept: readonly KeptAddress[];
  /** Where the laptop's own routes lead, without the default ones. */
  readonly laptop: readonly LaptopRoute[];
};

export type KeptAddress = { readonly range: Range; readonly what: string };
export type LaptopRoute = { readonly range: Range; readonly interfaceName: string };

export type RoutePlan = {
  /** CIDRs. */
  readonly routes: readonly string[];
  /** For people: what is left out and why. */
  readonly leftOut: readonly string[];
};

/** More is said of what is left out than people read. */
const MAX_NAMED_ADDRESSES = 3;

export function planRoutes({ cluster, also, never, kept, laptop }: RouteWishes): RoutePlan {
  const isUnwanted = (range: Range) => never.some((unwanted) => contains(unwanted, range));
  const asked = mergeRanges(cluster).filter((range) => !isUnwanted(range));
  const clashes = asked.flatMap((range) => clashOf(range, laptop, also, never));
  const clashing = new Set(clashes.map(({ range }) => range));
  const wanted = [...asked.filter((range) => !clashing.has(range)), ...also];
  const cut = kept.filter(({ range }) => wanted.some((outer) => contains(outer, range)));
  const holes = [...never, ...kept.map(({ range }) => range)];
  const routes = holes.reduce<Range[]>((ranges, hole) => without(ranges, hole), wanted);
  return {
    routes: mergeRanges(routes).map(formatRange),
    leftOut: [...describeClashes(clashes), ...describeCuts(cut)],
  };
}

type Clash = { readonly range: Range; readonly route: LaptopRoute };

/** A part that is excepted or asked for by name is no clash. */
function clashOf(
  range: Range,
  laptop: readonly LaptopRoute[],
  also: readonly Range[],
  never: readonly Range[],
): Clash[] {
  if (also.some((allowed) => contains(allowed, range))) return [];
  const route = laptop.find(
    (candidate) => overlaps(candidate.range, range) && !never.some((hole) => contains(hole, candidate.range)),
  );
  return route === undefined ? [] : [{ range, route }];
}

/** One sentence for a route, however many single addresses it has. */
function describeClashes(clashes: readonly Clash[]): string[] {
  const byRoute = Map.groupBy(clashes, ({ route }) => route);
  return [...byRoute].map(([{ range, interfaceName }, those]) => {
    const names = those.map((clash) => nameOf(clash.range));
    const shown = names.slice(0, MAX_NAMED_ADDRESSES).join(', ');
    const more = names.length > MAX_NAMED_ADDRESSES ? ` and ${names.length - MAX_NAMED_ADDRESSES} more` : '';
    const [first = ''] = those.map((clash) => formatRange(clash.range));
    return (
      `${shown}${more} of the cluster stays out of reach: this laptop has a route to ${formatRange(range)} by ` +
      `${interfaceName}. To reach the cluster there: --also-proxy ${first}; to leave it so: --never-proxy ${first}`
    );
  });
}

function describeCuts(cut: readonly KeptAddress[]): string[] {
  return cut.map(({ range, what }) => `${nameOf(range)} is ${what} and stays the laptop's own.`);
}

const nameOf = (range: Range): string =>
  isSingle(range) ? formatRange(range).replace(/\/\d+$/, '') : formatRange(range);
