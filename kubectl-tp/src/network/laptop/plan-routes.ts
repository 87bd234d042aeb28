// Decides which addresses of a laptop lead into the cluster: the cluster's, without those the laptop needs for itself, and
// under other addresses those that the laptop has another way to. Pure.

import {
  contains,
  formatRange,
  isSingle,
  mergeRanges,
  overlaps,
  type Range,
  without,
} from '@kubectl-tp/control-plane/addresses';
import { moveRange, type RangePair, type TranslationRules } from '../address-translation.ts';
import { blockOf, chooseRanges } from './choose-ranges.ts';

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
  /** Of the interface itself. */
  readonly own?: readonly Range[];
  /** What was translated before. */
  readonly previous?: readonly TranslatedRange[];
};

export type KeptAddress = { readonly range: Range; readonly what: string };
export type LaptopRoute = { readonly range: Range; readonly interfaceName: string };
/** `why`: a sentence without a full stop. */
export type TranslatedRange = RangePair & { readonly why: string };

export type RoutePlan = Pick<TranslationRules, 'except'> & {
  /** CIDRs. */
  readonly routes: readonly string[];
  readonly pairs: readonly TranslatedRange[];
  /** For people: what is left out and why. */
  readonly leftOut: readonly string[];
};

/** More is said of what is left out than people read. */
const MAX_NAMED_ADDRESSES = 3;

export function planRoutes(wishes: RouteWishes): RoutePlan {
  const { cluster, also, never, kept } = wishes;
  const asked = mergeRanges(cluster).filter((range) => !never.some((unwanted) => contains(unwanted, range)));
  const clashes = asked.flatMap((range) => clashOf(range, wishes));
  const pairs = translate(clashes, wishes);
  const pairOf = (range: Range) => pairs.find(({ real }) => contains(real, range));
  const hopeless = clashes.filter(({ range }) => pairOf(range) === undefined);
  const isHopeless = new Set(hopeless.map(({ range }) => range));
  // What shares a block with what clashes is translated with it.
  const direct = [...asked.filter((range) => pairOf(range) === undefined && !isHopeless.has(range)), ...also];
  const holes = [...never, ...kept.map(({ range }) => range)];
  const except = [...also, ...never];
  const shown = asked.flatMap((range) => {
    const pair = pairOf(range);
    return pair === undefined ? [] : cutOut([range], except).map((part) => moveRange(part, pair.real, pair.shown));
  });
  return {
    routes: mergeRanges([...cutOut(direct, holes), ...shown]).map(formatRange),
    pairs,
    except,
    leftOut: [...describeClashes(hopeless), ...describeCuts(kept, direct)],
  };
}

type Clash = { readonly range: Range; readonly why: string };

/** A part that is excepted or asked for by name is no clash. What was one stays one: programs remember addresses. */
function clashOf(range: Range, { also, never, laptop, previous = [] }: RouteWishes): Clash[] {
  if (also.some((allowed) => contains(allowed, range))) return [];
  const route = laptop.find(
    (candidate) => overlaps(candidate.range, range) && !never.some((hole) => contains(hole, candidate.range)),
  );
  const why =
    route === undefined
      ? previous.find(({ real }) => contains(real, range))?.why
      : `this laptop has a route to ${formatRange(route.range)} by ${route.interfaceName}`;
  return why === undefined ? [] : [{ range, why }];
}

function translate(clashes: readonly Clash[], wishes: RouteWishes): TranslatedRange[] {
  const { cluster, also, never, kept, laptop, own = [], previous = [] } = wishes;
  const taken = [...cluster.map(blockOf), ...also, ...never, ...[...kept, ...laptop].map(({ range }) => range), ...own];
  const wanted = mergeRanges(clashes.map(({ range }) => blockOf(range)));
  return chooseRanges({ wanted, previous, taken: mergeRanges(taken) }).map(({ real, shown }) => ({
    real,
    shown,
    why: clashes.find(({ range }) => contains(real, range))?.why ?? '',
  }));
}

const cutOut = (ranges: readonly Range[], holes: readonly Range[]): Range[] =>
  holes.reduce<Range[]>((left, hole) => without(left, hole), [...ranges]);

/** One sentence for a route, however many single addresses it has. */
function describeClashes(clashes: readonly Clash[]): string[] {
  const byReason = Map.groupBy(clashes, ({ why }) => why);
  return [...byReason].map(([why, those]) => {
    const names = those.map((clash) => nameOf(clash.range));
    const shown = names.slice(0, MAX_NAMED_ADDRESSES).join(', ');
    const more = names.length > MAX_NAMED_ADDRESSES ? ` and ${names.length - MAX_NAMED_ADDRESSES} more` : '';
    const [first = ''] = those.map((clash) => formatRange(clash.range));
    return (
      `${shown}${more} of the cluster stays out of reach: ${why}, and no range of that size is free to stand for it. ` +
      `To reach the cluster there: --also-proxy ${first}; to leave it so: --never-proxy ${first}`
    );
  });
}

function describeCuts(kept: readonly KeptAddress[], from: readonly Range[]): string[] {
  const cut = kept.filter(({ range }) => from.some((outer) => contains(outer, range)));
  return cut.map(({ range, what }) => `${nameOf(range)} is ${what} and stays the laptop's own.`);
}

const nameOf = (range: Range): string =>
  isSingle(range) ? formatRange(range).replace(/\/\d+$/, '') : formatRange(range);
