// kubectl tp version: the plugin's, the cluster part's and the session process's.

import { defineCommand } from '../command.ts';
import { formatFacts } from '../output/table.ts';
import { VERSION } from '../version.ts';

export const version = defineCommand({
  name: 'version',
  summary: 'Show the versions of the plugin and, with --cluster-part, of the cluster part',
  options: { 'cluster-part': { type: 'boolean', describe: 'ask the cluster, too' } },
  examples: [['kubectl tp version --cluster-part', 'also what is installed in the cluster']],
  async run(tools, args) {
    const clusterPart = args['cluster-part'] ? await readClusterVersion(tools) : undefined;
    const value = { plugin: VERSION, node: process.version, ...(clusterPart === undefined ? {} : { clusterPart }) };
    tools.printer.result(value, () =>
      formatFacts([
        ['plugin', VERSION],
        ['node', process.version],
        ...(clusterPart === undefined ? [] : [['cluster', clusterPart] as const]),
      ]),
    );
    return undefined;
  },
});

async function readClusterVersion(tools: Parameters<typeof version.run>[0]): Promise<string> {
  const [{ readInstalledVersion }, { client }, { installNamespace }] = await Promise.all([
    import('../install/installed-version.ts'),
    tools.cluster(),
    tools.connection(),
  ]);
  return readInstalledVersion(client, installNamespace, tools.signal);
}
