// What a session process and the root helper say to each other, as lines of JSON: the helper says hello, then answers one
// request after another. Whoever ends the connection ends what the helper has done.

import type { ErrorDescription } from '../../errors.ts';
import type { NetworkAddresses } from '../network-addresses.ts';

/** How programs of the laptop are told whom to ask for names. */
export type DnsWay = 'resolv.conf' | 'systemd-resolved';

export type HelperApi = {
  /** Makes the interface, owned by the session process's user, who takes it with `takeLinuxTun`. Once. */
  create: { arguments: { readonly addresses: NetworkAddresses }; result: CreatedInterface };
  /** All CIDRs that lead to the interface from now on. Result: those that the kernel refused. */
  routes: { arguments: { readonly cidrs: readonly string[] }; result: { readonly refused: readonly RefusedRoute[] } };
  /** Names go to the interface's gateway from now on. */
  dns: { arguments: DnsRequest; result: { readonly way: DnsWay } };
  /** They go where they went before. */
  endDns: { arguments: Record<string, never>; result: Record<string, never> };
};
export type HelperVerb = keyof HelperApi;

export type CreatedInterface = {
  readonly interface: string;
  /** False on a laptop without IPv6: routes of that family are left out. */
  readonly hasIpv6: boolean;
};

export type RefusedRoute = { readonly cidr: string; readonly why: string };

export type DnsRequest = {
  /** Suffixes that programs try behind short names, in front of the laptop's own. */
  readonly search: readonly string[];
  /** Whose names, and those below, only the cluster knows. */
  readonly domains: readonly string[];
};

export type HelperRequest = {
  readonly [V in HelperVerb]: { readonly verb: V; readonly arguments: HelperApi[V]['arguments'] };
}[HelperVerb];

/** `hello` comes first, unasked; `ended` last, when everything is as it was before. */
export type HelperAnswer<V extends HelperVerb = HelperVerb> =
  | { readonly hello: { readonly pid: number } }
  | { readonly result: HelperApi[V]['result'] }
  | { readonly error: ErrorDescription }
  | { readonly ended: true };
