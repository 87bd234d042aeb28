// Names of Intercepts and Sessions are parts of the server names by which agents reach laptops. Kubernetes would allow
// dots and 253 characters.

import { DNS_LABEL } from '@kubectl-tp/control-plane/protocol';

/** A sentence for people; undefined when the name is fit, or when Kubernetes is still to make one. */
export function findNameProblem(name: string | undefined): string | undefined {
  if (name === undefined || name === '' || DNS_LABEL.test(name)) return undefined;
  return `The name "${name}" can't be part of a server name. Choose at most 63 of a-z, 0-9 and "-", without "-" at its ends.`;
}
