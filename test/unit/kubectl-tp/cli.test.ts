// The command line as people type it: help, mistakes, exit codes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { COMMANDS } from '../../../kubectl-tp/src/commands/index.ts';
import { closedPort, portOf } from '../../helpers/loopback.ts';
import { collectOutput } from '../../helpers/processes.ts';
import { buildKubeconfig, refusal, startScriptedApi } from '../../helpers/scripted-api.ts';
import { createPlugin, MAIN } from './run-plugin.ts';

test('help texts', async (t) => {
  const plugin = await createPlugin(t);
  const overview = await plugin.run();
  t.is(overview.code, 0);
  t.snapshot(overview.stdout);
  for (const { name: command } of COMMANDS.filter(({ hidden }) => !hidden)) {
    const { code, stdout } = await plugin.run(command, '--help');
    t.is(code, 0, command);
    // The connection flags are the same everywhere.
    t.snapshot(stdout.replace(/Connection[\s\S]*?\n\n/, ''), command);
  }
});

test('a command of the help text can be copied, and the text fits into a terminal', async (t) => {
  const plugin = await createPlugin(t);
  for (const { name, examples } of COMMANDS.filter(({ hidden }) => !hidden)) {
    const lines = (await plugin.run(name, '--help')).stdout.split('\n');
    for (const [command, what] of examples) {
      t.true(lines.includes(`  ${command}`), command);
      t.true(lines.includes(`  # ${what}`), what);
    }
    const commands = new Set(examples.map(([command]) => `  ${command}`));
    t.deepEqual(
      lines.filter((line) => line.length > 80 && !commands.has(line)),
      [],
    );
  }
});

const mistake = test.macro({
  exec: async (t, line: string, code: string, message: RegExp, exitCode: number = 2) => {
    const plugin = await createPlugin(t, { KUBECONFIG: '/nowhere' });
    const run = await plugin.run(...line.split(' ').filter((word) => word !== ''));
    t.is(run.code, exitCode, run.stderr);
    t.is(run.stdout, '');
    t.regex(run.stderr, message);
    t.true(run.stderr.trimEnd().endsWith(`(${code})`), run.stderr);
    t.true(run.stderr.split('\n').length >= 3, 'message, next step, code');
  },
  title: (_, line: string) => `kubectl tp ${line}`,
});

test(
  mistake,
  'interceptt orders',
  'USAGE',
  /no command "interceptt"\.\nDid you mean intercept\? See: kubectl tp --help/,
);
test(mistake, 'nothing', 'USAGE', /no command "nothing"\.\nCommands: intercept, /);
test(mistake, 'intercept', 'USAGE', /needs a NAME/);
test(mistake, 'intercept a b', 'USAGE', /one word/);
test(mistake, 'status now', 'USAGE', /takes no words: now/);
for (const flag of ['--also-proxy 10.0.0.0/8', '--never-proxy 10.0.0.0/8', '--helper-command doas']) {
  const told = new RegExp(`${flag.split(' ', 1)} is for the network of the whole laptop`);
  test(mistake, `connect --proxy ${flag}`, 'USAGE', told);
  test(mistake, `connect ${flag} -- true`, 'USAGE', told);
}
test(mistake, 'status -- ls', 'USAGE', /takes no command/);
test(mistake, 'status -oyaml', 'USAGE', /output is "yaml", it can be "text", "json"/);
test(mistake, 'intercept orders -phttp', 'BAD_PORT', /http/);
test(mistake, 'intercept orders -Hnonsense', 'BAD_HEADER', /nonsense/);
test(mistake, 'status --bogus', 'USAGE', /There is no flag --bogus\.\nSee: kubectl tp status --help/);
test(
  mistake,
  'intercept orders --hedaer x=y',
  'USAGE',
  /no flag --hedaer\.\nDid you mean --header\? See: kubectl tp i/,
);
test(mistake, 'leave --al', 'USAGE', /There is no flag --al\.\nDid you mean --all\?/);
test(mistake, 'list --namepsace=shop', 'USAGE', /There is no flag --namepsace\.\nDid you mean --namespace\?/);
test(mistake, 'intercept orders -fallback fail', 'USAGE', /no flag -fallback\.\nDid you mean --fallback\?/);
test(mistake, 'list -x', 'USAGE', /There is no flag -x\.\nSee: kubectl tp list --help/);
test(mistake, 'list -Ax', 'USAGE', /There is no flag -x\./);
test(mistake, '--contxt x', 'USAGE', /There is no flag --contxt\.\nDid you mean --context\? See: kubectl tp --help/);
test(mistake, 'status -o yaml', 'USAGE', /--output is "yaml", it can be "text", "json"/);
test(mistake, 'intercept orders --fallback maybe', 'USAGE', /--fallback is "maybe", it can be "pod", "fail"/);
test(mistake, 'intercept orders --port', 'USAGE', /--port needs a value/);
test(mistake, 'intercept orders -p', 'USAGE', /error: -p needs a value/);
test(mistake, 'intercept pod/orders', 'BAD_TARGET', /pod\/orders/);
test(mistake, 'intercept orders -p http', 'BAD_PORT', /http/);
test(
  mistake,
  'intercept orders -p 8080 --port=8081:http',
  'USAGE',
  /one --port, not 2: 8080, 8081:http\.\n.*kubectl tp replace orders -p 8080 -p 8081:http/,
);
test(mistake, 'intercept orders --header nonsense', 'BAD_HEADER', /nonsense/);
test(mistake, 'intercept orders --ttl soon', 'BAD_DURATION', /soon/);
test(mistake, 'intercept orders --timeout soon', 'BAD_DURATION', /soon/);
test(mistake, 'intercept orders --env-file x --env-syntax xml', 'USAGE', /env-syntax is "xml"/);
test(mistake, 'intercept orders --env-override =x', 'USAGE', /--env-override does not understand "=x"/);
test(mistake, 'ingest pod/orders', 'BAD_TARGET', /pod\/orders/);
test(mistake, 'replace orders -p 8080 -p http', 'BAD_PORT', /http/);
test(mistake, 'completion pwsh', 'USAGE', /no completion for pwsh[\s\S]*bash, zsh, fish/);
test(mistake, 'env', 'USAGE', /env needs a NAME/);
test(mistake, 'connect --proxy-address foo', 'USAGE', /--proxy-address does not understand "foo"/);
test(mistake, 'connect --proxy-address 0.0.0.0:1080', 'USAGE', /A proxy on 0\.0\.0\.0/);
test(mistake, 'leave', 'USAGE', /NAME or --all/);
test(mistake, 'leave orders --all', 'USAGE', /NAME or --all/);
test(mistake, 'uninstall --agent x --all-agents', 'USAGE', /exclude/);
test(mistake, 'install --set image', 'USAGE', /--set/);
test(mistake, 'status', 'KUBECONFIG_INVALID', /no kubeconfig.*nowhere/, 3);
test(mistake, 'status --kubeconfig /nowhere/else', 'KUBECONFIG_INVALID', /nowhere\/else/, 3);

test('with -o json an error is JSON on stdout', async (t) => {
  const plugin = await createPlugin(t, { KUBECONFIG: '/nowhere' });
  for (const words of [
    ['status', '-o', 'json'],
    ['intercept', 'pod/x', '--output=json'],
    ['nothing', '-ojson'],
    ['nothing', '-o=json'],
    ['nothing', '-qojson'],
  ]) {
    const { code, stdout } = await plugin.run(...words);
    const { error } = JSON.parse(stdout) as { error: { exitCode: number; code: string; message: string } };
    t.is(code, error.exitCode);
    t.truthy(error.code && error.message);
  }
});

test('flags may stand before the command, and spellings of others are understood', async (t) => {
  const plugin = await createPlugin(t, { KUBECONFIG: '/nowhere' });
  const before = await plugin.run('-n', 'status', '--context', 'x', 'leave', '--all');
  t.regex(before.stderr, /KUBECONFIG_INVALID/);
  t.regex((await plugin.run('helm', 'install')).stderr, /KUBECONFIG_INVALID/);
  t.regex((await plugin.run('detach', 'orders')).stderr, /KUBECONFIG_INVALID/);
  t.regex((await plugin.run('quit', '-s')).stderr, /KUBECONFIG_INVALID/);
});

test('Ctrl-C ends what nobody answers, and is told as such', async (t) => {
  const asked = Promise.withResolvers<void>();
  const silent = createServer((socket) => void socket.on('error', () => undefined).once('data', () => asked.resolve()));
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => silent.close());
  const folder = await mkdtemp(join(tmpdir(), 'tp-silent-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(buildKubeconfig(`http://127.0.0.1:${portOf(silent)}`)));
  const child = spawn(process.execPath, ['--', MAIN, 'list', '--kubeconfig', kubeconfig]);
  t.teardown(() => void child.kill('SIGKILL'));
  const { ended } = collectOutput(child);
  await asked.promise;
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  t.deepEqual({ code, stderr }, { code: 130, stderr: 'Interrupted.\n' });
});

test('version needs no cluster', async (t) => {
  const { code, stdout } = await (await createPlugin(t)).run('version', '-o', 'json');
  t.is(code, 0);
  t.regex((JSON.parse(stdout) as { plugin: string }).plugin, /^\d+\.\d+\.\d+/);
});

test('completion speaks the protocol of kubectl', async (t) => {
  const plugin = await createPlugin(t, { KUBECONFIG: '/nowhere' });
  const complete = async (...words: string[]) => {
    const { stdout, stderr, code } = await plugin.run('__complete', '--', ...words);
    t.deepEqual([stderr, code], ['', 0]);
    return stdout.trimEnd().split('\n');
  };
  t.deepEqual(await complete('ins'), ['install\tInstall or upgrade the cluster part and wait until it works', ':4']);
  t.regex((await complete('intercept', 'orders', '--he'))[0] ?? '', /^--header\tonly requests with this header/);
  t.deepEqual(await complete('list', '-o', ''), ['text', 'json', ':4']);
  t.deepEqual(await complete('list', '-qo', 'j'), ['json', ':4']);
  t.deepEqual(await complete('list', '--output=j'), ['json', ':4']);
  t.deepEqual(await complete('intercept', 'orders', '--fallback', ''), ['pod', 'fail', ':4']);
  t.deepEqual(await complete('env', 'orders', '--env-syntax', 'c'), ['compose', 'csh', 'cmd', ':4']);
  t.deepEqual(await complete('intercept', 'orders', '--env-file', ''), [':0']);
  t.deepEqual(await complete('ingest', 'orders', '--', 'npm', ''), [':0']);
  t.deepEqual(await complete('completion', ''), ['bash', 'zsh', 'fish', ':4']);
  // Nothing to ask, so nothing to say.
  t.deepEqual(await complete('leave', ''), [':4']);
  t.deepEqual(await complete('intercept', ''), [':4']);
  t.regex((await plugin.run('completion', 'zsh')).stdout, /^#!\/bin\/sh\n/);
});

// By itself: names are waited for only so long.
test.serial('completion asks the cluster for names', async (t) => {
  const objects = (...names: string[]) => ({
    status: 200,
    body: { items: names.map((name) => ({ metadata: { name } })) },
  });
  const { kubeconfig: KUBECONFIG } = await startScriptedApi(t, {
    'GET /api/v1/namespaces': objects('shop', 'store', 'tools'),
    'GET /api/v1/namespaces/store/services': objects('orders', 'web'),
    'GET /apis/apps/v1/namespaces/store/deployments': objects('orders'),
    'GET /apis/apps/v1/namespaces/store/statefulsets': refusal(403, 'Forbidden', 'no'),
  });
  const plugin = await createPlugin(t, { KUBECONFIG });
  const complete = async (...words: string[]) => (await plugin.run('__complete', '--', ...words)).stdout;
  t.is(await complete('list', '-n', 's'), 'shop\nstore\n:4\n');
  t.is(await complete('intercept', '-nstore', 'or'), 'orders\tService\n:4\n');
  t.is(await complete('-n', 'store', 'env', 'd'), 'deployment/orders\tDeployment\n:4\n');
  t.is(await complete('intercept', '-n', 'store', 'orders', ''), ':4\n');
});

test('a file that --env-file names is not read by the program itself', async (t) => {
  const plugin = await createPlugin(t, { KUBECONFIG: '/nowhere' });
  const { stderr } = await plugin.run('intercept', 'orders', '--env-file', '/nowhere/file');
  t.regex(stderr, /KUBECONFIG_INVALID/);
});

test('a cluster that is not there', async (t) => {
  const plugin = await createPlugin(t);
  const server = `https://127.0.0.1:${await closedPort()}`;
  const { code, stderr } = await plugin.run('list', '--server', server, '--kubeconfig', '/dev/null');
  t.is(code, 3);
  t.regex(stderr, /CLUSTER_UNREACHABLE/);
});
