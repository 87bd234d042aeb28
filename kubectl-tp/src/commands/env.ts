// kubectl tp env: prints the environment of a container. Asks the API server, and the session process
// only while it has the whole laptop in the cluster's network; nothing stays behind.

import { defineCommand } from '../command.ts';
import { parseSelection } from './environment-flags.ts';
import { CONTAINER_OPTIONS, SELECTION_OPTIONS } from './environment-options.ts';
import { parseTarget } from './intercept-arguments.ts';

export const env = defineCommand({
  name: 'env',
  summary: 'Print the environment of a container of a Service or workload',
  words: 'NAME',
  options: { ...SELECTION_OPTIONS, ...CONTAINER_OPTIONS },
  examples: [
    ['kubectl tp env orders > orders.env', 'for docker run --env-file orders.env'],
    ['eval "$(kubectl tp env deployment/orders --env-syntax sh)"', 'into this shell'],
  ],
  async run(tools, args) {
    const [word = ''] = args.words;
    const target = parseTarget(word);
    const { syntax, selection } = parseSelection(args);
    const [{ client }, { namespace }, { printEnvironment }] = await Promise.all([
      tools.cluster(),
      tools.connection(),
      import('./print-environment.ts'),
    ]);
    const { container, 'loader-variables': loaderVariables } = args;
    await printEnvironment({ tools, client, namespace, target, container, loaderVariables, syntax, selection });
    return undefined;
  },
});
