// kubectl tp ingest: environment and files of a container come to this laptop, requests do not.

import { defineCommand } from '../command.ts';
import type { IngestRequest, IngestResult } from '../ipc/container-messages.ts';
import { formatFacts } from '../output/table.ts';
import { parseEnvironmentFlags } from './environment-flags.ts';
import { ENVIRONMENT_OPTIONS, NETWORK_OPTIONS, parseMount, parseNetwork } from './environment-options.ts';
import { parseTarget } from './intercept-arguments.ts';
import { withoutEnvironment } from './intercept-text.ts';

export const ingest = defineCommand({
  name: 'ingest',
  summary: 'Have environment and files of a container on this laptop, without its requests',
  words: 'NAME',
  takesCommand: true,
  options: { ...ENVIRONMENT_OPTIONS, ...NETWORK_OPTIONS },
  examples: [
    ['kubectl tp ingest orders -- npm test', 'run the tests with the environment and files of the pod'],
    ['kubectl tp ingest deployment/orders --env-file orders.env --mount ./files', 'until: kubectl tp leave orders'],
  ],
  async run(tools, args) {
    const [word = ''] = args.words;
    const hold = args.childCommand.length > 0;
    const wish = {
      target: parseTarget(word),
      ...(args.container === undefined ? {} : { container: args.container }),
      loaderVariables: args['loader-variables'],
      ...parseMount(args.mount),
      hold,
    };
    const environment = parseEnvironmentFlags(args);
    await environment.assertProgram(args.childCommand, tools.env);
    const { namespace } = await tools.connection();
    const request: IngestRequest = { ...wish, namespace };
    const session = await tools.session();
    if (hold) {
      const { runHeld } = await import('../held/run-held.ts');
      const onStart = (result: IngestResult, outdated: readonly string[]) =>
        environment.deliver(tools, result, outdated);
      const command = args.childCommand;
      const network = parseNetwork(args.network);
      return runHeld({ verb: 'ingest', session, request, requestAgain: request, command, network, tools, onStart });
    }
    const result = await session.call('ingest', request, { signal: tools.signal, onProgress: tools.progress.step });
    await environment.deliver(tools, result);
    tools.printer.result(withoutEnvironment(result), () => formatIngest(result));
    return undefined;
  },
});

function formatIngest({ namespace, target, pod, container, environment, volumes }: IngestResult): string {
  const facts: [string, string][] = [
    ['from', `container ${container} of pod ${pod}`],
    ['variables', String(Object.keys(environment.variables).length)],
  ];
  if (volumes !== undefined) {
    facts.push(['files', volumes.root], ['end', `kubectl tp leave ${target} -n ${namespace}`]);
  }
  return `Ingested ${target} in ${namespace}\n${formatFacts(facts)}`;
}
