// The one habit that personal intercepts need of an application: the developer's header is passed on along the chain.

import type { IncomingHttpHeaders } from 'node:http';

/** Headers that every service of the shop copies from the request it answers to the requests it makes. */
export const PASSED_ON = ['x-dev', 'baggage', 'traceparent'] as const;

export function passOn(headers: IncomingHttpHeaders): Record<string, string> {
  const copied: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = headers[name];
    if (typeof value === 'string') copied[name] = value;
  }
  return copied;
}
