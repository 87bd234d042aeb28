// Bundles the plugin for a release: `node kubectl-tp/bundle.ts [FOLDER]` fills kubectl-tp/dist, or the folder, with the
// program, the manifests and the chart. What a command needs only sometimes stays in files of its own, so that a command
// starts fast.

import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundlePrograms } from '@kubectl-tp/control-plane/bundle';
import type { Plugin } from 'esbuild';

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * yargs aligns its columns by a package that makes an Intl.Segmenter when it is loaded, a fifth of the time that a
 * command takes to start. Our help is plain ASCII.
 */
const PLAIN_WIDTHS: Plugin = {
  name: 'plain widths',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^string-width$/ }, ({ path }) => ({ path, namespace: 'plain-widths' }));
    onLoad({ filter: /./, namespace: 'plain-widths' }, () => ({ contents: 'export default (text) => text.length' }));
  },
};

/**
 * An import looks at all names of a module, and behind some names of these others are loaded: an HTTP client of 300 kB,
 * streams, workers. Taken as an object, they are loaded when a name is used.
 */
const LAZY_BUILTINS: Plugin = {
  name: 'lazy built-in modules',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(node:)?(http|fs|util|crypto)$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'lazy-builtins' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'lazy-builtins' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};

/**
 * Each part that a command loads takes about a millisecond, and esbuild makes one for each set of parts that share a
 * module. What every command needs becomes a single one when all other parts load it, too; not main.ts, which must turn
 * the cache of compiled code on before.
 */
const ONE_PART_FOR_EVERY_COMMAND: Plugin = {
  name: 'one part for every command',
  setup({ onLoad }) {
    onLoad({ filter: /(kubectl-tp|control-plane)\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const isBefore = path === pathOf('src/main.ts') || path === pathOf('src/ipc/words.ts');
      return {
        loader: 'ts',
        contents: isBefore ? source : `import ${JSON.stringify(pathOf('src/run.ts'))};\n${source}`,
      };
    });
  },
};

/** Brings native code, which finds its file beside it in node_modules. Loaded only where a network is joined. */
const NATIVE_PACKAGE = 'koffi';
/** Of that package; the rest is sources of C++ and documentation. */
const NATIVE_PACKAGE_FILES = ['package.json', 'LICENSE.txt', 'index.js', 'index.cjs', 'src/koffi'];
const LOADED = /\/[^.]+$|\.(js|cjs|json|txt)$/;
/** One package for each platform; npm installs those that the bundle is for (its options --os and --cpu). */
const NATIVE_PLATFORMS = '@koromix';

/** Fills `folder`, which is emptied first. `more`: further programs by name, which share its parts. */
export async function bundle(folder: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  await bundlePrograms(
    folder,
    { main: 'kubectl-tp/src/main.ts', ...more },
    {
      // Older ones run commands, too.
      target: 'node22',
      minifySyntax: true,
      minifyWhitespace: true,
      plugins: [PLAIN_WIDTHS, LAZY_BUILTINS, ONE_PART_FOR_EVERY_COMMAND],
      external: [NATIVE_PACKAGE],
    },
  );
  await copyNativePackage(`${folder}/node_modules`);
  await writeFile(`${folder}/kubectl-tp`, launcher());
  await chmod(`${folder}/kubectl-tp`, 0o755);
  await cp(pathOf('manifests'), `${folder}/manifests`, { recursive: true });
  await cp(pathOf('../charts/tp'), `${folder}/charts/tp`, { recursive: true });
}

async function copyNativePackage(folder: string): Promise<void> {
  const installed = pathOf('../node_modules');
  for (const file of NATIVE_PACKAGE_FILES) {
    const [from, to] = [`${installed}/${NATIVE_PACKAGE}/${file}`, `${folder}/${NATIVE_PACKAGE}/${file}`];
    await cp(from, to, { recursive: true, filter: (path) => LOADED.test(path) });
  }
  await cp(`${installed}/${NATIVE_PLATFORMS}`, `${folder}/${NATIVE_PLATFORMS}`, { recursive: true });
}

/**
 * krew links to this file. Without `--` Node would read the plugin's --env-file as its own. Each program that a shell
 * starts costs about a millisecond, so it takes paths apart by itself.
 */
function launcher(): string {
  return `#!/bin/sh
file=$0
case $file in */*) ;; *) file=./$file ;; esac
if [ -h "$file" ]; then
  target=$(readlink "$file")
  case $target in /*) file=$target ;; *) file=\${file%/*}/$target ;; esac
fi
exec node -- "\${file%/*}/main.mjs" "$@"
`;
}

if (import.meta.main) await bundle(process.argv[2] ?? pathOf('dist'));
