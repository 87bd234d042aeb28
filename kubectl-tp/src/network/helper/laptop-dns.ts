// Leads the laptop's names to the interface's gateway, by what its programs ask: systemd-resolved or resolv.conf.

import type { DnsRequest, DnsWay } from './messages.ts';
import { replaceResolvConf, restoreResolvConf } from './resolv-conf-file.ts';
import { revertResolvedLink, setResolvedLink, usesResolved } from './systemd-resolved.ts';

export type LaptopDns = {
  /** Throws when the laptop refuses; nothing has changed then. */
  start(request: DnsRequest & { readonly interface: string; readonly server: string }): DnsWay;
  /** The laptop's names are its own again. */
  stop(): void;
};

export function createLaptopDns(): LaptopDns {
  let undo: (() => void) | undefined;
  return {
    start(request) {
      if (usesResolved()) {
        undo = () => revertResolvedLink(request.interface);
        setResolvedLink(request);
        return 'systemd-resolved';
      }
      undo = () => void restoreResolvConf();
      replaceResolvConf(request.server, request.search);
      return 'resolv.conf';
    },
    stop() {
      const last = undo;
      undo = undefined;
      last?.();
    },
  };
}
