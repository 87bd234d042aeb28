// Runs a command, or waits for Ctrl-C, while a proxy on the laptop leads into the cluster's network.

import { aborted } from '@kubectl-tp/control-plane/waiting';
import type { Tools } from '../command.ts';
import type { ConnectRequest, ConnectResult } from '../ipc/network-messages.ts';
import { proxyVariables } from '../proxy/proxy-variables.ts';
import { type ChildCommand, startCommand } from './child-command.ts';
import { LOOPBACK_ANY, type ProxyEntry } from './parse-proxy-entry.ts';
import { runWhileHeld } from './run-while-held.ts';

export type ProxyRun = {
  readonly tools: Tools;
  readonly wish: Omit<ConnectRequest, 'entry'>;
  /** None: until Ctrl-C. */
  readonly command: readonly string[];
  readonly entry: ProxyEntry;
};

/** Resolves with the command's exit code, or 0 after Ctrl-C. */
export async function runWithProxy({ tools, wish, command, entry }: ProxyRun): Promise<number> {
  const request: ConnectRequest = { ...wish, entry };
  const session = await tools.session();
  return runWhileHeld({
    session,
    verb: 'connect',
    request,
    // Programs know port and password by then.
    again: ({ proxy }) => ({ ...request, entry: { ...entry, ...proxy } }),
    tools,
    async start({ namespace, via, proxy = LOOPBACK_ANY }: ConnectResult): Promise<ChildCommand> {
      const where = `${proxy.host}:${proxy.port}`;
      tools.progress.step(`Proxy into the cluster (SOCKS 5 and HTTP): ${where}, with names of namespace ${namespace}`);
      if (via !== undefined) tools.progress.step(`Connections leave from pods of ${via}.`);
      const variables = proxyVariables(proxy);
      if (command.length > 0) return startCommand(command, { ...tools.env, ...variables }, tools);
      const login = proxy.credentials === undefined ? '' : `${proxy.credentials.user}:PASSWORD@`;
      tools.progress.step(`Try: curl --proxy socks5h://${login}${where} http://SERVICE/   End it with Ctrl-C.`);
      return { exited: aborted(tools.signal).then(() => 0), kill: () => undefined };
    },
  });
}
