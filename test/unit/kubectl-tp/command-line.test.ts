// What the words of a command line mean.

import test from 'ava';
import { parseCommandLine } from '../../../kubectl-tp/src/cli.ts';

const means = test.macro({
  exec: async (t, line: string, meaning: { name: string; namespace?: string; args?: object; format?: 'json' }) => {
    const invocation = await parseCommandLine(line.split(' '));
    if (invocation.kind === 'help') return t.fail('the help text');
    const { name, namespace, args, format = 'text' } = meaning;
    t.is(invocation.command.name, name);
    t.is(invocation.flags.namespace, namespace);
    if (args !== undefined) t.like(invocation.args, args);
    t.is(invocation.format, format);
  },
  title: (_, line: string) => line,
});

// Letters written together, as kubectl reads them.
test(means, 'list -nshop', { name: 'list', namespace: 'shop' });
test(means, 'list -n=shop', { name: 'list', namespace: 'shop' });
test(means, 'list -n shop', { name: 'list', namespace: 'shop' });
test(means, '-nshop list', { name: 'list', namespace: 'shop' });
test(means, '-qn shop list', { name: 'list', namespace: 'shop' });
test(means, 'list -ojson', { name: 'list', format: 'json' });
test(means, 'list -Aojson', { name: 'list', format: 'json', args: { 'all-namespaces': true } });
test(means, 'list -Anshop', { name: 'list', namespace: 'shop', args: { 'all-namespaces': true } });
test(means, 'list -qA', { name: 'list', args: { 'all-namespaces': true } });
test(means, 'list -v6', { name: 'list' });
test(means, 'quit -sq', { name: 'quit', args: { s: true } });
test(means, 'intercept orders -p8080:80', { name: 'intercept', args: { port: ['8080:80'], words: ['orders'] } });
test(means, 'intercept orders -Hx-dev=me', { name: 'intercept', args: { header: ['x-dev=me'] } });
test(means, 'replace orders -p8080 -p=9090', { name: 'replace', args: { port: ['8080', '9090'] } });
test(means, 'ingest orders -- ls -nshop', { name: 'ingest', args: { childCommand: ['ls', '-nshop'] } });

// Words of other programs.
test(means, '--version', { name: 'version' });
test(means, '-o json --version', { name: 'version', format: 'json' });

const helps = test.macro({
  exec: async (t, line: string, same: string) =>
    t.deepEqual(await parseCommandLine(line.split(' ')), await parseCommandLine(same.split(' '))),
  title: (_, line: string, same: string) => `${line} is ${same}`,
});

test(helps, 'help', '--help');
test(helps, 'help help', '--help');
test(helps, '-n shop', '--help');
test(helps, '-ojson', '--help');
test(helps, 'help intercept', 'intercept --help');
test(helps, '-n shop help intercept', 'intercept --help');
test(helps, 'help helm install', 'install --help');
test('help of what is no command', (t) =>
  t.throwsAsync(parseCommandLine(['help', 'bogus']), { message: 'There is no command "bogus".' }));
