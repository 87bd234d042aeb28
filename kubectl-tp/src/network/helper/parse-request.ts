// What a request to the root helper may be. It comes from a process without its rights: whatever is not exactly of a form
// that can harm nobody is refused. Pure.

import { overlaps, parseRange, type Range, rangeOf } from '@kubectl-tp/control-plane/addresses';
import { parseLaptopAddresses } from '../laptop/laptop-addresses.ts';
import type { DnsRequest, HelperRequest } from './messages.ts';

/** A namespace of a thousand pods and Services, and what was asked for by name; each costs the kernel 200 bytes. */
const MAX_ROUTES = 16_384;
/** More than any cluster has; all of the Internet in two halves would be such routes, too. */
const MIN_BITS = { 4: 8, 6: 24 } as const;
/**
 * Where no cluster is: this machine, its links, and what is for many or for nobody (RFC 6890). Also the addresses by
 * which clouds tell a machine its secrets, which are link-local ones.
 */
const FORBIDDEN: readonly Range[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '::ffff:0:0/96',
  'fe80::/10',
  'ff00::/8',
].map(rangeOf);

/** As many as a search path of our own and a laptop's together have. */
const MAX_NAMES = 32;
/** In words of letters, digits, hyphens and underscores, as far as the whole fits DNS (RFC 1035, 2.3.4). */
const DOMAIN = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Undefined for anything else. */
export function parseHelperRequest(value: unknown): HelperRequest | undefined {
  const { verb, arguments: given } = (value ?? {}) as { verb?: unknown; arguments?: unknown };
  switch (verb) {
    case 'create': {
      const addresses = parseLaptopAddresses((given as { addresses?: unknown } | null)?.addresses);
      return addresses && { verb, arguments: { addresses } };
    }
    case 'routes': {
      const cidrs = (given as { cidrs?: unknown } | null)?.cidrs;
      return isList(cidrs, MAX_ROUTES, isRoute) ? { verb, arguments: { cidrs } } : undefined;
    }
    case 'dns': {
      const { search, domains } = (given ?? {}) as { [K in keyof DnsRequest]?: unknown };
      if (!isList(search, MAX_NAMES, isDomain) || !isList(domains, MAX_NAMES, isDomain)) return undefined;
      return { verb, arguments: { search, domains } };
    }
    case 'endDns':
      return { verb, arguments: {} };
    default:
      return undefined;
  }
}

/** Whether such a route may lead to the cluster. Never the default one, in whatever form. */
export function isRoute(text: string): boolean {
  const range = parseRange(text);
  if (range === undefined || range.bits < MIN_BITS[range.version]) return false;
  return !FORBIDDEN.some((forbidden) => overlaps(forbidden, range));
}

export const isDomain = (text: string): boolean => DOMAIN.test(text);

function isList(value: unknown, max: number, isItem: (item: string) => boolean): value is readonly string[] {
  return Array.isArray(value) && value.length <= max && value.every((item) => typeof item === 'string' && isItem(item));
}
