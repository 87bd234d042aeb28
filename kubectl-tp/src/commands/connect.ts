// kubectl tp connect: programs of this laptop are in the cluster's network.

import { defineCommand } from '../command.ts';
import { readDuration } from '../duration.ts';
import { TpError } from '../errors.ts';
import type { ProxyRun } from '../held/run-with-proxy.ts';
import type { ConnectRequest, ConnectResult } from '../ipc/network-messages.ts';
import { describeRoutes, describeTranslated } from '../output/describe-routes.ts';
import { parseTarget } from './intercept-arguments.ts';

/** The relays are there already; opening a tunnel takes a second on a slow link. */
const DEFAULT_TIMEOUT = '30s';
/** Makes the root helper root. */
export const DEFAULT_HELPER_COMMAND = 'sudo';

export const connect = defineCommand({
  name: 'connect',
  summary: "Bring this laptop, or one command without root, into the cluster's network",
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
    'also-proxy': {
      type: 'list',
      describe: 'this goes to the cluster, too: a CIDR, or a name and all below it (repeat for more)',
      value: 'CIDR|NAME',
    },
    'never-proxy': {
      type: 'list',
      describe: 'this never goes to the cluster (repeat for more)',
      value: 'CIDR',
    },
    via: {
      type: 'string',
      describe: 'connections leave from the pods of this Service or workload of the namespace',
      value: 'TARGET',
    },
    'helper-command': {
      type: 'string',
      describe: `what makes the helper root that changes the laptop's network [${DEFAULT_HELPER_COMMAND}]`,
      value: 'COMMAND',
    },
    timeout: { type: 'string', describe: `how long to wait [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
  },
  examples: [
    ['kubectl tp connect -n shop', 'the whole laptop, until kubectl tp quit; asks for root by sudo'],
    ['kubectl tp connect -n shop -- psql -h db', 'a client that finds Service db of namespace shop'],
    ['kubectl tp connect -n shop -- $SHELL', 'a shell there'],
    ['kubectl tp connect -n shop --via deployment/web -- psql -h db', 'as a pod of web, for network policies, too'],
    ['kubectl tp connect --proxy', 'a proxy for browsers and for machines without namespaces'],
  ],
  async run(tools, args) {
    const timeoutMs = readDuration(args.timeout ?? DEFAULT_TIMEOUT, '--timeout');
    const command = args.childCommand;
    const { 'proxy-address': address, 'proxy-password': password } = args;
    const isProxy = args.proxy || address !== undefined || password !== undefined;
    assertFor(args, { isProxy, hasCommand: command.length > 0 });
    const { parseProxyEntry } = await import('../held/parse-proxy-entry.ts');
    const proxy = parseProxyEntry({ address, password, hasCommand: command.length > 0 });
    const { assertProgram } = await import('../find-program.ts');
    await assertProgram(command, tools.env);
    const { namespace } = await tools.connection();
    const wish = { namespace, timeoutMs, ...parseVia(args.via) };
    if (isProxy) {
      const { runWithProxy } = await import('../held/run-with-proxy.ts');
      return runWithProxy({ tools, wish, command, entry: proxy });
    }
    if (command.length > 0) return runInNetwork({ tools, wish, command, entry: proxy });
    const { joinLaptop } = await import('./join-laptop.ts');
    const result = await joinLaptop(tools, {
      ...wish,
      alsoProxy: args['also-proxy'],
      neverProxy: args['never-proxy'],
      helperCommand: args['helper-command'] ?? DEFAULT_HELPER_COMMAND,
    });
    tools.printer.result(result, () => describeLaptop(result));
    return undefined;
  },
});

type LaptopOptions = {
  readonly 'also-proxy': readonly string[];
  readonly 'never-proxy': readonly string[];
  readonly 'helper-command'?: string | undefined;
};

/** What is for the whole laptop does nothing elsewhere, and nobody shall believe that it does. Throws USAGE. */
function assertFor(options: LaptopOptions, { isProxy, hasCommand }: { isProxy: boolean; hasCommand: boolean }): void {
  if (!isProxy && !hasCommand) return;
  const names = ['also-proxy', 'never-proxy', 'helper-command'] as const;
  const given = names.find((name) => (options[name]?.length ?? 0) > 0);
  if (given === undefined) return;
  const elsewhere = isProxy ? 'a proxy' : 'one command';
  throw new TpError('USAGE', `--${given} is for the network of the whole laptop, not for ${elsewhere}.`, {
    hint: 'Leave it out, or join with the whole laptop: kubectl tp connect',
  });
}

function parseVia(word: string | undefined): Pick<ConnectRequest, 'via'> {
  return word === undefined ? {} : { via: parseTarget(word) };
}

/** In a network of the command's own where the machine allows it, else by the proxy. */
async function runInNetwork(run: ProxyRun): Promise<number> {
  const { tools } = run;
  const { whyNotRootless } = await import('../network/rootless/why-not-rootless.ts');
  const reason = await whyNotRootless(tools.env);
  if (reason !== undefined) {
    tools.progress.warn(`${reason.message} So the command gets a proxy instead, by http_proxy and ALL_PROXY.`);
    if (reason.hint !== undefined) tools.progress.warn(`For a network of its own: ${reason.hint}`);
    const { runWithProxy } = await import('../held/run-with-proxy.ts');
    return runWithProxy(run);
  }
  const { runWithNetwork } = await import('../held/run-with-network.ts');
  return runWithNetwork(run);
}

function describeLaptop({ namespace, laptop, via }: ConnectResult): string {
  const { routes = [], translated = [], leftOut = [], interface: name = '' } = laptop ?? {};
  return [
    `This laptop is in the network of the cluster: names of namespace ${namespace}, ${describeRoutes(routes)} by ${name}.`,
    ...(via === undefined ? [] : [`Connections leave from pods of ${via}.`]),
    ...describeTranslated(translated),
    ...leftOut,
    'It stays so until: kubectl tp quit',
  ].join('\n');
}
