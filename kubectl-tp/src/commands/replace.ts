// kubectl tp replace: this laptop in the pods' place, for all ports that they declare.

import { defineCommand } from '../command.ts';
import { readDuration } from '../duration.ts';
import type { ReplaceRequest, ReplaceResult } from '../ipc/intercept-messages.ts';
import { parseEnvironmentFlags } from './environment-flags.ts';
import {
  ENVIRONMENT_OPTIONS,
  NETWORK_OPTIONS,
  parseMount,
  parseNetwork,
  wantsEnvironment,
} from './environment-options.ts';
import { DEFAULT_TIMEOUT } from './intercept.ts';
import { FALLBACK_OPTION, parseFallback, parsePorts, parseTarget } from './intercept-arguments.ts';
import { withoutEnvironment } from './intercept-text.ts';
import { formatReplace } from './replace-text.ts';

export const replace = defineCommand({
  name: 'replace',
  summary: 'Send all requests of all ports of a Service or workload to this laptop',
  words: 'NAME',
  takesCommand: true,
  options: {
    port: {
      type: 'list',
      alias: 'p',
      describe: 'port of this laptop for a port of the target [its own number]; repeat for more',
      value: 'LOCAL[:REMOTE]',
    },
    fallback: FALLBACK_OPTION,
    ...ENVIRONMENT_OPTIONS,
    ...NETWORK_OPTIONS,
    timeout: { type: 'string', describe: `how long to wait [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
    expose: { type: 'list', describe: 'same as --port', hidden: true },
  },
  examples: [
    ['kubectl tp replace orders -p 8080:80 -- ./build/orders --port 8080', 'until the command ends'],
    ['kubectl tp replace orders -p 8080:80 --env-file orders.env', 'then start the debugger with that file'],
    ['kubectl tp replace orders -- $SHELL', "a shell in the pod's place"],
  ],
  async run(tools, args) {
    const [word = ''] = args.words;
    const hold = args.childCommand.length > 0;
    const wish = {
      target: parseTarget(word),
      ports: [...args.port, ...args.expose].map(parsePorts),
      fallback: parseFallback(args.fallback),
      timeoutMs: readDuration(args.timeout ?? DEFAULT_TIMEOUT, '--timeout'),
      ...(args.container === undefined ? {} : { container: args.container }),
      loaderVariables: args['loader-variables'],
      environment: hold || wantsEnvironment(args),
      ...parseMount(args.mount),
      hold,
    };
    const environment = parseEnvironmentFlags(args);
    await environment.assertProgram(args.childCommand, tools.env);
    const { namespace } = await tools.connection();
    const request: ReplaceRequest = { ...wish, namespace };
    const session = await tools.session();
    const deliver = async ({ intercepts: [first] }: ReplaceResult, outdated?: readonly string[]) =>
      first === undefined ? {} : environment.deliver(tools, { intercept: first.name, ...first }, outdated);
    if (hold) {
      const { runHeld } = await import('../held/run-held.ts');
      return runHeld({
        verb: 'replace',
        session,
        request,
        // The command listens on its ports by then.
        requestAgain: { ...request, portMayBeOpen: true },
        command: args.childCommand,
        network: parseNetwork(args.network),
        tools,
        async onStart(result, outdated) {
          const variables = await deliver(result, outdated);
          for (const line of formatReplace(result, { held: true }).split('\n')) tools.progress.step(line);
          return variables;
        },
      });
    }
    const result = await session.call('replace', request, { signal: tools.signal, onProgress: tools.progress.step });
    await deliver(result);
    tools.printer.result({ intercepts: result.intercepts.map(withoutEnvironment) }, () => formatReplace(result));
    return undefined;
  },
});
