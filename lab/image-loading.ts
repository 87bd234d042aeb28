// How a cluster that is not ours wants its images: which command of which tool. Pure.

import { LabError } from './errors.ts';

export type LoadCommand = { readonly command: string; readonly args: readonly string[] };

/** Facts about the cluster behind a kubeconfig context. */
export type ClusterKind = {
  readonly context: string;
  /** Labels of any of its nodes. */
  readonly nodeLabels: Readonly<Record<string, string>>;
};

/** The command that loads an image archive into every node; throws LAB_UNKNOWN_CLUSTER if none is known. */
export function buildLoadCommand({ context, nodeLabels }: ClusterKind, archive: string): LoadCommand {
  const minikubeProfile = nodeLabels['minikube.k8s.io/name'];
  if (minikubeProfile) return { command: 'minikube', args: ['image', 'load', archive, '--profile', minikubeProfile] };
  const kind = context.match(/^kind-(.+)$/)?.[1];
  if (kind) return { command: 'kind', args: ['load', 'image-archive', archive, '--name', kind] };
  const k3d = context.match(/^k3d-(.+)$/)?.[1];
  if (k3d) return { command: 'k3d', args: ['image', 'import', archive, '--cluster', k3d] };
  throw new LabError('LAB_UNKNOWN_CLUSTER', `How images get into the cluster of context "${context}" is not known.`, {
    hint: [
      `Push the images of ${archive} to a registry that its nodes can pull from,`,
      'then name them in TP_IMAGE, TP_AGENT_IMAGE and TP_TOOLS_IMAGE and try again.',
    ].join(' '),
  });
}
