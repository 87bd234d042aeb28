// kubectl tp uninstall: the cluster part without a trace, or only agents.

import { defineCommand, type Tools } from '../command.ts';
import { readDuration } from '../duration.ts';
import { TpError } from '../errors.ts';
import { parseTarget } from './intercept-arguments.ts';

const DEFAULT_TIMEOUT = '5m';

export const uninstall = defineCommand({
  name: 'uninstall',
  aliases: ['helm uninstall'],
  summary: 'Remove the cluster part and all agents, or only agents',
  options: {
    agent: { type: 'string', describe: 'only the agents of this workload', value: 'NAME' },
    'all-agents': { type: 'boolean', describe: 'only the agents, of all workloads without intercepts' },
    timeout: { type: 'string', describe: `how long to wait for rollouts [${DEFAULT_TIMEOUT}]`, value: 'DURATION' },
    everything: { type: 'boolean', describe: 'accepted for habit', hidden: true },
  },
  examples: [
    ['kubectl tp uninstall', 'no trace is left in the cluster'],
    ['kubectl tp uninstall --agent orders -n shop', 'replaces the pods of one workload by pods without agent'],
  ],
  async run(tools, { agent, 'all-agents': allAgents, timeout }) {
    const timeoutMs = readDuration(timeout ?? DEFAULT_TIMEOUT, '--timeout');
    if (agent !== undefined && allAgents) {
      throw new TpError('USAGE', '--agent and --all-agents exclude each other.', { hint: 'Give one of them.' });
    }
    return agent !== undefined || allAgents ? removeAgents(tools, agent, timeoutMs) : removeAll(tools, timeoutMs);
  },
});

async function removeAgents(tools: Tools, word: string | undefined, timeoutMs: number): Promise<undefined> {
  const [{ removeAgentsOf }, { describeTarget }] = await Promise.all([
    import('../install/remove-agents.ts'),
    import('@kubectl-tp/control-plane/match'),
  ]);
  // `deploy/orders`, too.
  const name = word === undefined ? undefined : describeTarget(parseTarget(word));
  const [{ client }, { namespace }] = await Promise.all([tools.cluster(), tools.connection()]);
  const { signal, progress, printer } = tools;
  const result = await removeAgentsOf({ client, namespace, name, timeoutMs, signal, progress: progress.step });
  for (const owner of result.left) progress.warn(`${owner} can't be rolled; replace its pods yourself`);
  for (const owner of result.inUse) progress.warn(`${owner} keeps its agents: intercepts need them`);
  printer.result(result, () => {
    if (result.removed.length > 0) return `Agents removed: ${result.removed.join(', ')}`;
    return name === undefined || result.left.length > 0
      ? 'No agents removed.'
      : `${name} in ${namespace} has no agent.`;
  });
}

async function removeAll(tools: Tools, timeoutMs: number): Promise<undefined> {
  const [{ uninstall }, { client }, connection] = await Promise.all([
    import('../install/uninstall.ts'),
    tools.cluster(),
    tools.connection(),
  ]);
  const { signal, progress, printer } = tools;
  // One's own session would only find its cluster part gone.
  const session = await tools.existingSession({ resume: false });
  await session
    ?.call('quit', {}, { signal })
    .catch((error) => progress.warn(`the session did not end cleanly: ${error.message}`));
  const namespace = connection.installNamespace;
  const result = await uninstall({ client, namespace, timeoutMs, signal, progress: progress.step });
  for (const owner of result.left) progress.warn(`${owner} keeps its agent until its pod is replaced`);
  printer.result(result, () =>
    result.found ? 'kubectl tp is gone from the cluster.' : 'There was nothing of kubectl tp in this cluster.',
  );
}
