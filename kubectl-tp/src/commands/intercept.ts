// kubectl tp intercept: chosen requests of a Service or workload come to this laptop.

import type { SessionCaller } from '../caller/caller.ts';
import { defineCommand, type Tools } from '../command.ts';
import { readDuration } from '../duration.ts';
import type { NetworkChoice } from '../held/command-network.ts';
import type { InterceptRequest, InterceptResult } from '../ipc/intercept-messages.ts';
import { parseEnvironmentFlags } from './environment-flags.ts';
import {
  ENVIRONMENT_OPTIONS,
  NETWORK_OPTIONS,
  parseMount,
  parseNetwork,
  wantsEnvironment,
} from './environment-options.ts';
import { parseHeaderConditions } from './header-conditions.ts';
import { FALLBACK_OPTION, parseFallback, parsePorts, parseTarget, readOnlyPort } from './intercept-arguments.ts';
import { formatIntercept, withoutEnvironment } from './intercept-text.ts';

/** Long enough for the rollout of a large workload; what can't succeed ends earlier, with its cause. */
export const DEFAULT_TIMEOUT = '5m';

export const intercept = defineCommand({
  name: 'intercept',
  summary: 'Send the matching requests of a Service or workload to this laptop',
  words: 'NAME',
  takesCommand: true,
  options: {
    port: {
      // One is meant, but of several the last would win in silence.
      type: 'list',
      alias: 'p',
      describe: 'port of this laptop [the container port], and of the target',
      value: 'LOCAL[:REMOTE]',
    },
    header: {
      type: 'list',
      alias: 'H',
      describe: 'only requests with this header; repeat for AND [every request]',
      value: 'K=V',
    },
    fallback: FALLBACK_OPTION,
    ttl: { type: 'string', describe: 'end the intercept by itself after this time', value: 'DURATION' },
    ...ENVIRONMENT_OPTIONS,
    ...NETWORK_OPTIONS,
    timeout: { type: 'string', describe: `how long to wait [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
    'http-header': { type: 'list', describe: 'same as --header', hidden: true },
  },
  examples: [
    ['kubectl tp intercept orders -p 8080 --header x-dev=me', 'my requests of Service orders come to port 8080'],
    ['kubectl tp intercept deployment/orders -p 3000:http', 'every request of port http of a Deployment'],
    [
      'kubectl tp intercept orders --header x-dev=me -- npm start',
      'start the application with the environment of the pod',
    ],
  ],
  async run(tools, args) {
    const [word = ''] = args.words;
    const hold = args.childCommand.length > 0;
    // What is wrong with the words is told before the cluster is asked anything.
    const port = readOnlyPort(args.port, word);
    const wish = {
      target: parseTarget(word),
      ...(port === undefined ? {} : parsePorts(port)),
      headers: parseHeaderConditions([...args.header, ...args['http-header']]),
      fallback: parseFallback(args.fallback),
      ...(args.ttl === undefined ? {} : { ttlMs: readDuration(args.ttl, '--ttl') }),
      timeoutMs: readDuration(args.timeout ?? DEFAULT_TIMEOUT, '--timeout'),
      hold,
      ...(args.container === undefined ? {} : { container: args.container }),
      environment: hold || wantsEnvironment(args),
      ...parseMount(args.mount),
      loaderVariables: args['loader-variables'],
    };
    const environment = parseEnvironmentFlags(args);
    await environment.assertProgram(args.childCommand, tools.env);
    const { namespace } = await tools.connection();
    const request: InterceptRequest = { ...wish, namespace };
    const session = await tools.session();
    const deliver = (result: InterceptResult, outdated?: readonly string[]) =>
      environment.deliver(tools, { intercept: result.name, ...result }, outdated);
    if (hold)
      return runCommand(tools, session, request, {
        command: args.childCommand,
        network: parseNetwork(args.network),
        deliver,
      });
    const result = await session.call('intercept', request, { signal: tools.signal, onProgress: tools.progress.step });
    await deliver(result);
    tools.printer.result(withoutEnvironment(result), () => formatIntercept(result));
    return undefined;
  },
});

type Run = {
  readonly command: readonly string[];
  readonly network: NetworkChoice;
  readonly deliver: (result: InterceptResult, outdated: readonly string[]) => Promise<Readonly<Record<string, string>>>;
};

/** The intercept lives as long as the command does, which keeps stdout for itself. */
async function runCommand(
  tools: Tools,
  session: SessionCaller,
  request: InterceptRequest,
  { command, network, deliver }: Run,
): Promise<number> {
  const { runHeld } = await import('../held/run-held.ts');
  return runHeld({
    verb: 'intercept',
    session,
    request,
    // The command listens on its port by then.
    requestAgain: { ...request, portMayBeOpen: true },
    command,
    network,
    tools,
    async onStart(result, outdated) {
      const variables = await deliver(result, outdated);
      for (const line of formatIntercept(result, { held: true }).split('\n')) tools.progress.step(line);
      return variables;
    },
  });
}
