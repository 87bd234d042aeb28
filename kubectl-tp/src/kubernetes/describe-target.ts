// A target as people type it. Pure.

/** `orders`, `deployment/orders`: what `leave` understands, too. */
export function describeTarget({ kind, name }: { kind: string; name: string }): string {
  return kind === 'Service' ? name : `${kind.toLowerCase()}/${name}`;
}
