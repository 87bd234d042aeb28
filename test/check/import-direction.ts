// Arrows between the packages point one way, and pure folders stay pure. Both are read from the imports.

import { posix } from 'node:path';
import { type Import, PACKAGES, type Package, type SourceFile } from './source-files.ts';

/** What a package may import of ours, by the names that package.json exports. */
const ALLOWED: Readonly<Record<Package, readonly string[]>> = {
  xds: [],
  'control-plane': ['@kubectl-tp/xds', '@kubectl-tp/xds/*'],
  webhook: ['api', 'api/parse-agent-description', 'protocol', 'match', 'kubernetes', 'process']
    .map((part) => `@kubectl-tp/control-plane/${part}`)
    .concat('@kubectl-tp/xds/bootstrap'),
  // api/duration: the one part of `api` that every command needs, without the schemas of all objects.
  'kubectl-tp': [
    'addresses',
    'api',
    'api/duration',
    'protocol',
    'match',
    'kubernetes',
    'process/small-slabs',
    'waiting',
    'bundle',
  ].map((part) => `@kubectl-tp/control-plane/${part}`),
};

/** Data in, data out: what they need of the world comes as an argument. The reason is why it is worth it there. */
const PURE: Readonly<Record<string, string>> = {
  'xds/src/ir/': 'the words that control plane and translator share',
  'xds/src/translator/': 'the same input gives the same bytes for Envoy',
  'xds/src/bootstrap/': 'the webhook builds it for every pod',
  'xds/src/resource-set.ts': 'versions are hashes of content, so every replica gives the same',
  'xds/src/server/delta-stream.ts': 'the protocol is tested as a law, without a network',
  'xds/src/server/subscribe.ts': 'part of delta-stream.ts',
  'xds/src/server/subscription.ts': 'part of delta-stream.ts',
  'control-plane/src/addresses/': 'an address is the same to laptop and relay, however it is spelled',
  'control-plane/src/api/': 'imported by every package, the CLI included',
  'control-plane/src/protocol/': 'laptop, relay and agent must agree on it',
  'control-plane/src/match/': 'conflicts are decided in three places, always alike',
  'control-plane/src/reach/': 'relay and control plane judge addresses alike',
  'control-plane/src/translator/': 'a replica that starts anew comes to the same result',
  'webhook/src/admission/': 'tested with data alone',
  'webhook/src/inject/': 'called twice per pod, must give the same pod',
};
/** In pure folders, what handles sockets, and the list of exports that names it. */
const NOT_PURE = ['mux/', 'read-client-hello.ts', 'read-prefix.ts', 'outbound/datagram-socket.ts', 'index.ts'].map(
  (path) => `control-plane/src/protocol/${path}`,
);
/** Files outside of pure folders that hold types, constants or error classes only. */
const HARMLESS =
  /(^|\/)errors\.ts$|^control-plane\/src\/(kubernetes\/types|state\/cluster-state)\.ts$|^xds\/src\/proto\/generated\//;
const PURE_NODE_MODULES = ['node:assert', 'node:buffer', 'node:crypto', 'node:path/posix', 'node:util'];
const IMPURE_PACKAGES =
  /^(@grpc\/|@kubernetes\/|pino$|prom-client$|fastify$|@kubectl-tp\/control-plane\/(kubernetes|process)$)/;
const IMPURE_WORDS =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|randomUUID\(|randomBytes\(|setTimeout\(|setInterval\(|process\.|console\.)/;

export function findDirectionProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const from = packageOf(file.path);
    if (!from) return [];
    return file.imports
      .filter((entry) => !mayImport(from, file, entry))
      .map(({ specifier }) => `${file.path}: ${from} must not import ${specifier}`);
  });
}

export function findPurityProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const folder = pureFolderOf(file.path);
    if (!folder) return [];
    const imports = file.imports.filter((entry) => !entry.typeOnly && !isPureImport(file.path, entry));
    const word = withoutComments(file.text).match(IMPURE_WORDS)?.[1];
    const found = [...imports.map(({ specifier }) => `imports ${specifier}`), ...(word ? [`uses ${word}`] : [])];
    return found.map((what) => `${file.path}: ${what}, but ${folder} is pure: ${PURE[folder]}`);
  });
}

function mayImport(from: Package, file: SourceFile, { specifier }: Import): boolean {
  if (specifier.startsWith('.')) return packageOf(resolve(file.path, specifier)) === from;
  if (!specifier.startsWith('@kubectl-tp/')) return true;
  return ALLOWED[from].some((allowed) => posix.matchesGlob(specifier, allowed));
}

function isPureImport(path: string, { specifier, names }: Import): boolean {
  // These look at a text only.
  if (specifier === 'node:net') return /^\{ isIP(v4|v6)?(, isIP(v4|v6)?)* \}$/.test(names);
  if (specifier.startsWith('node:')) return PURE_NODE_MODULES.includes(specifier);
  if (!specifier.startsWith('.')) return !IMPURE_PACKAGES.test(specifier);
  const target = resolve(path, specifier);
  return HARMLESS.test(target) || pureFolderOf(target) !== undefined;
}

function pureFolderOf(path: string): string | undefined {
  if (NOT_PURE.some((folder) => path.startsWith(folder))) return undefined;
  return Object.keys(PURE).find((folder) => path.startsWith(folder));
}

const resolve = (path: string, specifier: string): string => posix.join(posix.dirname(path), specifier);

const packageOf = (path: string): Package | undefined => PACKAGES.find((name) => path.startsWith(`${name}/`));

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
