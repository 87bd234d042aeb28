// kubectl tp connect: programs of this laptop are in the cluster's network.

import { defineCommand, type Tools } from '../command.ts';
import { readDuration } from '../duration.ts';
import { TpError } from '../errors.ts';
import type { ConnectRequest } from '../session/api.ts';

/** The relays are there already; opening a tunnel takes a second on a slow link. */
const DEFAULT_TIMEOUT = '30s';

export const connect = defineCommand({
  name: 'connect',
  summary: "Run a command in the cluster's network: names, Services and pods, without root",
  takesCommand: true,
  options: {
    proxy: {
      type: 'boolean',
      describe: 'by a SOCKS and HTTP proxy on this laptop instead of a network of its own',
    },
    'proxy-address': {
      type: 'string',
      describe: 'where the proxy listens [any free port of 127.0.0.1]',
      value: 'HOST:PORT',
    },
    'proxy-password': {
      type: 'string',
      describe: 'what programs tell the proxy, as user tp [one of its own for CMD, else none]',
      value: 'PASSWORD',
    },
    timeout: { type: 'string', describe: `how long to wait [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
  },
  examples: [
    ['kubectl tp connect -n shop -- psql -h db', 'a client that finds Service db of namespace shop'],
    ['kubectl tp connect -n shop -- $SHELL', 'a shell there'],
    ['kubectl tp connect --proxy', 'a proxy for browsers and for machines without namespaces'],
  ],
  async run(tools, args) {
    const { namespace } = await tools.connection();
    const wish = { namespace, timeoutMs: readDuration(args.timeout ?? DEFAULT_TIMEOUT, '--timeout') };
    const command = args.childCommand;
    const { 'proxy-address': address, 'proxy-password': password } = args;
    if (args.proxy || address !== undefined || password !== undefined) {
      const { runWithProxy } = await import('../session/run-with-proxy.ts');
      return runWithProxy({ tools, wish, command, address, password });
    }
    if (command.length === 0) throw commandMissing();
    return runInNetwork(tools, wish, command);
  },
});

type Wish = Pick<ConnectRequest, 'namespace' | 'timeoutMs'>;

/** In a network of the command's own where the machine allows it, else by the proxy. */
async function runInNetwork(tools: Tools, wish: Wish, command: readonly string[]): Promise<number> {
  const { whyNotRootless } = await import('../network/rootless/why-not-rootless.ts');
  const reason = await whyNotRootless(tools.env);
  if (reason !== undefined) {
    tools.progress.warn(`${reason.message} So the command gets a proxy instead, by http_proxy and ALL_PROXY.`);
    if (reason.hint !== undefined) tools.progress.warn(`For a network of its own: ${reason.hint}`);
    const { runWithProxy } = await import('../session/run-with-proxy.ts');
    return runWithProxy({ tools, wish, command });
  }
  const { runWithNetwork } = await import('../session/run-with-network.ts');
  return runWithNetwork({ tools, wish, command });
}

function commandMissing(): TpError {
  return new TpError('USAGE', 'connect needs a command after --, or --proxy.', {
    hint: 'A shell in the cluster\'s network: kubectl tp connect -- "$SHELL"; a proxy for all programs: kubectl tp connect --proxy',
  });
}
