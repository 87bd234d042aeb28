// Kubernetes' own variable references in `env` values: $(NAME), with $$ for a plain dollar sign. Pure.

const REFERENCE = /\$(\$|\(([^()]*)\))/g;

/** References to unknown variables stay as they are, as in a pod. */
export function expand(value: string, known: Readonly<Record<string, string>>): string {
  return value.replaceAll(REFERENCE, (text, inner: string, name: string | undefined) => {
    if (inner === '$') return '$';
    return name !== undefined && Object.hasOwn(known, name) ? (known[name] ?? text) : text;
  });
}
