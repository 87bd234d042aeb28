// A part of an environment that could not be had, as people read it. Pure.

import type { Missing } from '../environment/collect.ts';

export function describeMissing({ name, why }: Missing): string {
  return name === undefined ? why : `${name}: ${why}`;
}
