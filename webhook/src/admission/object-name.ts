// Names of Intercepts and Sessions are parts of the server names by which agents reach laptops.

/** RFC 1123 label. Kubernetes would allow dots and 253 characters. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A sentence for people; undefined when the name is fit, or when Kubernetes is still to make one. */
export function findNameProblem(name: string | undefined): string | undefined {
  if (name === undefined || name === '' || LABEL.test(name)) return undefined;
  return `The name "${name}" can't be part of a server name. Choose at most 63 of a-z, 0-9 and "-", without "-" at its ends.`;
}
