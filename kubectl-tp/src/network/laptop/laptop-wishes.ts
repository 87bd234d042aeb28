// What a person may add to the cluster's addresses, and take away. Pure.

import { parseRange } from '@kubectl-tp/control-plane/addresses';
import { TpError } from '../../errors.ts';
import { isDomain, isRoute } from '../helper/parse-request.ts';

/** Throws BAD_RANGE. */
export function assertWishes(alsoProxy: readonly string[], neverProxy: readonly string[]): void {
  for (const text of alsoProxy) {
    const isRange = parseRange(text) !== undefined;
    if (isRange && !isRoute(text)) throw badRange('--also-proxy', `${text} never leads to a cluster`);
    if (!isRange && !isName(text)) throw badRange('--also-proxy', `"${text}" is neither a CIDR nor a name`);
  }
  for (const text of neverProxy) {
    if (parseRange(text) === undefined) throw badRange('--never-proxy', `"${text}" is no CIDR`);
  }
}

/** Those that are names and not ranges. */
export function alsoNamesOf(alsoProxy: readonly string[]): string[] {
  return alsoProxy.filter((text) => parseRange(text) === undefined).map((text) => text.toLowerCase());
}

/** Not what looks like numbers: nobody means a name by `10.1.0.0/99`, or by `10.1`. */
const isName = (text: string): boolean => isDomain(text.toLowerCase()) && /[a-z][^.]*$/i.test(text);

function badRange(option: string, why: string): TpError {
  return new TpError('BAD_RANGE', `${option}: ${why}.`, {
    hint: 'Write it like 10.1.0.0/16; --also-proxy takes names, too: db.corp.example',
  });
}
