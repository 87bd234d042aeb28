// The error for an API server that does not answer, whoever asked it.

import { TpError } from '../errors.ts';

export function unreachable(message: string, cause: unknown): TpError {
  return new TpError('CLUSTER_UNREACHABLE', message, {
    hint: 'Check that the cluster is up and the context is the right one: kubectl version; kubectl config current-context',
    cause,
  });
}
