// Writes xds/src/proto/generated: TypeScript for the Envoy messages named in proto-roots.txt and what they import,
// from the descriptors inside the Envoy binary in use. `--check` compares instead and fails on any difference.
//   TP_ENVOY=path/to/envoy node xds/generate-protos.ts [--check]

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractDescriptorSet } from './proto-descriptors.ts';

const GENERATED = fileURLToPath(new URL('./src/proto/generated', import.meta.url));
const ROOTS = fileURLToPath(new URL('./proto-roots.txt', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));

/** Comes ready-made with @bufbuild/protobuf. */
const WELL_KNOWN = 'google/protobuf/';

if (import.meta.main) process.exitCode = main(process.env.TP_ENVOY, process.argv.includes('--check'));

function main(envoy: string | undefined, checkOnly: boolean): number {
  if (envoy === undefined || !existsSync(envoy)) {
    console.error('generate-protos: set TP_ENVOY to the Envoy binary whose messages are wanted.');
    return 2;
  }
  if (!checkOnly) {
    rmSync(GENERATED, { recursive: true, force: true });
    return report(`wrote ${generateProtos(envoy, GENERATED)} files`, 0);
  }
  const differing = findStaleProtos(envoy);
  if (differing.length === 0) return report('up to date', 0);
  return report(`stale, run \`npm run generate\`:\n  ${differing.join('\n  ')}`, 1);
}

function report(text: string, exitCode: number): number {
  console.log(`generate-protos: ${text}`);
  return exitCode;
}

/** Generated files that are missing, left over or different from what this Envoy binary gives. */
export function findStaleProtos(envoy: string): string[] {
  const fresh = mkdtempSync(join(tmpdir(), 'tp-protos-'));
  try {
    generateProtos(envoy, fresh);
    const [left, right] = [readTree(GENERATED), readTree(fresh)];
    const names = new Set([...left.keys(), ...right.keys()]);
    return [...names].filter((name) => left.get(name) !== right.get(name)).sort();
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Writes the files under `out` (which is made) and returns how many they are. */
export function generateProtos(envoy: string, out: string): number {
  const roots = readFileSync(ROOTS, 'utf8').split('\n').filter(Boolean);
  const { names, set } = extractDescriptorSet(readFileSync(envoy), roots);
  const wanted = names.filter((name) => !name.startsWith(WELL_KNOWN));
  const scratch = mkdtempSync(join(tmpdir(), 'tp-descriptors-'));
  try {
    const descriptors = join(scratch, 'envoy.binpb');
    writeFileSync(descriptors, set);
    runProtoc(descriptors, out, wanted);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return wanted.length;
}

function runProtoc(descriptors: string, out: string, names: readonly string[]): void {
  mkdirSync(out, { recursive: true });
  const options = 'target=ts,erasable_syntax=true,import_extension=ts';
  execFileSync(join(PROGRAMS, 'protoc'), [
    `--descriptor_set_in=${descriptors}`,
    `--plugin=${join(PROGRAMS, 'protoc-gen-es')}`,
    `--es_out=${out}`,
    `--es_opt=${options}`,
    ...names,
  ]);
}

function readTree(root: string): Map<string, string> {
  if (!existsSync(root)) return new Map();
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]));
}
