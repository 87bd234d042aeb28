// What a field reference or a resource reference of a pod stands for, in variables and in files of downward API
// volumes. Pure.

import type { Container, FieldRef, Labels, Pod, ResourceFieldRef } from '../kubernetes/objects.ts';
import { countUp, parseQuantity } from './quantity.ts';

export type Value = { readonly value: string } | { readonly error: string };

export function fieldValue({ fieldPath }: FieldRef, { metadata, spec, status }: Pod): Value {
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath) ?? [];
  if (map === 'labels' || map === 'annotations') return { value: metadata[map]?.[key] ?? '' };
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': formatMap(metadata.labels),
    'metadata.annotations': formatMap(metadata.annotations),
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.hostIP': status?.hostIP,
    'status.hostIPs': (status?.hostIPs ?? (status?.hostIP === undefined ? undefined : [{ ip: status.hostIP }]))
      ?.map(({ ip }) => ip)
      .join(','),
    'status.podIP': status?.podIP,
    'status.podIPs': status?.podIPs?.map(({ ip }) => ip).join(','),
  };
  const value = fields[fieldPath];
  return value === undefined ? { error: `field ${fieldPath} is not known here` } : { value };
}

/** Billionths of the unit that the kubelet rounds up to before it divides: a thousandth of a core, else one. */
const UNITS = { cpu: 1_000_000n, other: 1_000_000_000n };

/** A number of divisors, as the kubelet gives it. Without a limit that is the node's size, which users may not read. */
export function resourceValue({ resource, divisor = '1' }: ResourceFieldRef, { resources }: Container): Value {
  const [kind, ...rest] = resource.split('.');
  const name = rest.join('.');
  const amount = kind === 'limits' ? resources?.limits?.[name] : (resources?.requests?.[name] ?? '0');
  if (amount === undefined) {
    return { error: `the container has no limit of ${name}, so it is what the node can give, which is not read here` };
  }
  const quantity = parseQuantity(String(amount));
  const divided = parseQuantity(String(divisor)) || parseQuantity('1');
  if (quantity === undefined || divided === undefined) return { error: `${resource} is no quantity: ${amount}` };
  return { value: String(countUp(quantity, divided, name === 'cpu' ? UNITS.cpu : UNITS.other)) };
}

/** Labels or annotations as a whole: sorted lines, values quoted as Go quotes them (%q). */
function formatMap(map: Labels = {}): string {
  return Object.entries(map)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, value]) => `${key}=${quoteAsGo(value)}`)
    .join('\n');
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
/** What Go calls printable. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function quoteAsGo(text: string): string {
  const quote = (character: string) => {
    const escaped = GO_ESCAPES[character];
    if (escaped !== undefined || PRINTABLE.test(character)) return escaped ?? character;
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
    return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
  };
  return `"${[...text].map(quote).join('')}"`;
}
