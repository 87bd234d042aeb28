// Kubernetes' own variable references in `env` values: $(NAME), with $$ for a plain dollar sign. Pure.

/** A name goes to the first closing bracket, whatever stands between, as the kubelet reads it. */
const REFERENCE = /\$(\$|\(([^)]*)\))/g;

/** References to unknown variables stay as they are, as in a pod. */
export function expand(value: string, known: Readonly<Record<string, string>>): string {
  return value.replaceAll(REFERENCE, (text, inner: string, name: string | undefined) => {
    if (inner === '$') return '$';
    return name !== undefined && Object.hasOwn(known, name) ? (known[name] ?? text) : text;
  });
}

/** The names that a value refers to. */
export function referencesOf(value: string): string[] {
  return [...value.matchAll(REFERENCE)].flatMap(([, , name]) => (name === undefined ? [] : [name]));
}
