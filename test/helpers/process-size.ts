// What a process holds: memory and descriptors.

import { readdirSync, readFileSync } from 'node:fs';

export type ProcessSize = { readonly residentMb: number; readonly descriptors: number };

export function sizeOf(pid: number): ProcessSize {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { residentMb: Number(kilobytes) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Of the middle one of some looks: a collection of garbage in between does not show. */
export function medianSize(sizes: readonly ProcessSize[]): ProcessSize {
  const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return {
    residentMb: middle(sizes.map(({ residentMb }) => residentMb)),
    descriptors: middle(sizes.map(({ descriptors }) => descriptors)),
  };
}
