// The work of `kubectl tp env`: finds the container, reads its environment, prints it in a syntax.

import type { KubernetesClient } from '@kubectl-tp/control-plane/kubernetes';
import type { Tools } from '../command.ts';
import { type EnvironmentSyntax, formatEnvironment } from '../environment/formats.ts';
import { readEnvironment } from '../environment/read-environment.ts';
import { type Selection, selectVariables } from '../environment/select.ts';
import { type ShownOf, translateAddresses } from '../environment/translate-addresses.ts';
import { findContainer, noPod } from '../kubernetes/find-container.ts';
import { findTargetPods, type TargetName } from '../kubernetes/target.ts';
import { findLockHolder } from '../network/helper/lock-holder.ts';
import { describeMissing } from '../output/describe-missing.ts';
import { readShownAddresses } from './read-shown-addresses.ts';

type Options = {
  readonly tools: Tools;
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly target: TargetName;
  readonly container: string | undefined;
  readonly loaderVariables: boolean;
  readonly syntax: EnvironmentSyntax;
  readonly selection: Selection;
};

/** Throws NO_READY_PODS, CONTAINER_NOT_FOUND and what the search for the target does. */
export async function printEnvironment(options: Options): Promise<void> {
  const { tools, client, namespace, target, container, loaderVariables, syntax, selection } = options;
  const { progress, printer, signal } = tools;
  const pods = await findTargetPods(client, { namespace, target, command: 'env' }, signal);
  const found = findContainer(pods, { container });
  if (found === undefined) throw noPod({ namespace, target });
  const environment = await readEnvironment({ ...found, client, namespace, loaderVariables, signal });
  const translated = translateAddresses(environment.variables, await shownAddresses(tools));
  const { variables, missing } = selectVariables({ ...environment, variables: translated }, selection);
  for (const one of missing) progress.warn(`the environment lacks ${describeMissing(one)}`);
  if (printer.format === 'json') {
    printer.result({ variables, missing: missing.map(describeMissing) }, () => '');
    return;
  }
  const { text, leftOut } = formatEnvironment(syntax, variables);
  for (const name of leftOut) progress.warn(`left out ${name}: the syntax ${syntax} can't hold it`);
  // For another program to read: every character counts.
  printer.raw(text);
}

/** What reads it may run on a laptop that is in the cluster's network. While none is, no session process is asked. */
async function shownAddresses({ existingSession, signal }: Tools): Promise<ShownOf> {
  const running = findLockHolder() === undefined ? undefined : await existingSession({ resume: false });
  return readShownAddresses(running === undefined ? [] : (await running.call('status', {}, { signal })).networks);
}
