// The difference of two JSON values as an RFC 6902 patch: what an admission webhook answers.

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** Applying the result to `before` gives `after`. Lists of other length are replaced whole: they are short in a pod. */
export function buildJsonPatch(before: unknown, after: unknown, path = ''): PatchOperation[] {
  if (isObject(before) && isObject(after)) return diffObjects(before, after, path);
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return after.flatMap((value, index) => buildJsonPatch(before[index], value, `${path}/${index}`));
  }
  return before === after ? [] : replaceUnlessEqual(before, after, path);
}

function diffObjects(before: JsonObject, after: JsonObject, path: string): PatchOperation[] {
  const removed = Object.keys(before).filter((key) => after[key] === undefined);
  const kept = Object.keys(after).filter((key) => after[key] !== undefined);
  return [
    ...removed.map((key) => ({ op: 'remove' as const, path: child(path, key) })),
    ...kept.flatMap((key): PatchOperation[] =>
      Object.hasOwn(before, key)
        ? buildJsonPatch(before[key], after[key], child(path, key))
        : [{ op: 'add', path: child(path, key), value: after[key] }],
    ),
  ];
}

function replaceUnlessEqual(before: unknown, after: unknown, path: string): PatchOperation[] {
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ op: 'replace', path, value: after }];
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 6901, section 3: `~` and `/` are escaped in a pointer. */
function child(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
