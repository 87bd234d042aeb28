// Which headers can tell one caller's requests from another's: asked by the command line and by admission. The xDS
// package refuses a part of these once more, for itself; a test holds the two together. Pure.

/** Headers that belong to one connection or to the framing: what the application sees is not what the caller sent. */
const NOT_MATCHABLE: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Agents remove these from what callers send. */
const REMOVED_PREFIXES = ['x-tp-', 'x-envoy-'];
/** Agents write it themselves, whatever callers send. */
const WRITTEN = 'x-forwarded-proto';

/** Why no intercept may ask for this header, as part of a sentence; undefined if it may. `name` is in lower case. */
export function whyNotMatchable(name: string): string | undefined {
  if (name === 'host') return 'the host chooses the Service and is the same for all its callers';
  if (name === WRITTEN) return `agents write "${name}" themselves`;
  if (NOT_MATCHABLE.has(name)) return `"${name}" belongs to one connection, not to the request`;
  const prefix = REMOVED_PREFIXES.find((candidate) => name.startsWith(candidate));
  return prefix && `agents remove the "${prefix}" headers that callers send`;
}
