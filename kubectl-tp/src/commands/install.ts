// kubectl tp install: the cluster part.

import { defineCommand } from '../command.ts';
import { readDuration } from '../duration.ts';
import { TpError } from '../errors.ts';

const DEFAULT_TIMEOUT = '3m';

export const install = defineCommand({
  name: 'install',
  aliases: ['helm install', 'helm upgrade'],
  summary: 'Install or upgrade the cluster part and wait until it works',
  options: {
    image: { type: 'string', describe: 'image of control plane, webhook and relay', value: 'IMAGE' },
    'agent-image': { type: 'string', describe: 'image of the agents (the official Envoy image)', value: 'IMAGE' },
    'pull-policy': { type: 'string', choices: ['Always', 'IfNotPresent', 'Never'], describe: 'for the image' },
    set: { type: 'list', describe: 'a value of the chart; other than images they need helm', value: 'K=V' },
    'no-helm': { type: 'boolean', describe: 'apply the shipped manifests although helm is in PATH' },
    'dry-run': { type: 'boolean', describe: 'let the API server check the objects and print them' },
    timeout: { type: 'string', describe: `how long to wait [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
  },
  examples: [
    ['kubectl tp install', 'into namespace kubectl-tp'],
    ['kubectl tp install --dry-run > objects.yaml', 'to read or apply by other means'],
  ],
  async run(tools, args) {
    const [{ install }, { DEFAULT_IMAGES, readManifests }] = await Promise.all([
      import('../install/install.ts'),
      import('../install/manifests.ts'),
    ]);
    const set = parseSettings(args.set);
    const timeoutMs = readDuration(args.timeout ?? DEFAULT_TIMEOUT, '--timeout');
    const connection = await tools.connection();
    const values = {
      namespace: connection.installNamespace,
      image: args.image ?? set.get('image') ?? DEFAULT_IMAGES.image,
      agentImage: args['agent-image'] ?? set.get('agent.image') ?? DEFAULT_IMAGES.agentImage,
      pullPolicy: args['pull-policy'] ?? set.get('imagePullPolicy') ?? 'IfNotPresent',
    };
    const known = new Set(['image', 'agent.image', 'imagePullPolicy']);
    const installed = await install({
      cluster: await tools.cluster(),
      connection,
      values,
      settings: args.set.filter((setting) => !known.has(setting.split('=', 1)[0] ?? '')),
      useHelm: !args['no-helm'],
      dryRun: args['dry-run'],
      timeoutMs,
      env: tools.env,
      signal: tools.signal,
      progress: tools.progress.step,
    });
    if (args['dry-run']) {
      const { stringify } = await import('../yaml.ts');
      const manifests = await readManifests(values);
      tools.printer.result({ manifests }, () => manifests.map((manifest) => `---\n${stringify(manifest)}`).join(''));
    } else tools.printer.result(installed, () => nextSteps(installed.namespace));
    return undefined;
  },
});

function parseSettings(settings: readonly string[]): Map<string, string> {
  return new Map(
    settings.map((setting) => {
      const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
      if (name !== '') return [name, value] as const;
      throw new TpError('USAGE', `--set does not understand "${setting}".`, {
        hint: 'Write it like --set image=NAME:TAG',
      });
    }),
  );
}

function nextSteps(namespace: string): string {
  return `kubectl tp works in namespace ${namespace}.
Let somebody use it in namespace NS:
  kubectl -n ${namespace} create rolebinding tp-user-NAME --role=tp-user --user=NAME
  kubectl -n NS create rolebinding tp-user-NAME --clusterrole=tp-user --user=NAME
Then: kubectl tp intercept SERVICE --header x-dev=me`;
}
