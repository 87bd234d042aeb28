// JSON merge patches (RFC 7386) that turn one value into another. Pure.

import { isDeepStrictEqual } from 'node:util';

type JsonObject = { readonly [key: string]: unknown };

/** Undefined when there is nothing to change. Lists are replaced whole; what `to` lacks is taken away. */
export function buildMergePatch(from: JsonObject, to: JsonObject): JsonObject | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys({ ...from, ...to })) {
    const change = buildChange(from[key], to[key]);
    if (change !== undefined) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Null takes a value away, undefined leaves it. */
function buildChange(from: unknown, to: unknown): unknown {
  if (isDeepStrictEqual(from, to)) return undefined;
  if (to === undefined) return null;
  return isObject(from) && isObject(to) ? buildMergePatch(from, to) : to;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
