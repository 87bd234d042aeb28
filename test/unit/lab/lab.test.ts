import test from 'ava';
import { shellQuote } from '../../../lab/environment.ts';
import { currentLab } from '../../../lab/lab.ts';
import { userObjects } from '../../../lab/users.ts';

test('two labs share no address, folder, namespace or cable', (t) => {
  const [a, b] = [currentLab('tp'), currentLab('other')];
  t.not(a.apiIp, b.apiIp);
  t.not(a.folders.state, b.folders.state);
  t.not(a.nodes[0].netns, b.nodes[0].netns);
  t.not(a.hostLink, b.hostLink);
});

test('the cable of the longest name fits into the kernel`s 15 characters', (t) => {
  t.true(currentLab('abcdefgh').hostLink.length <= 15);
  for (const name of ['abcdefghi', 'a-b', '../x', '']) t.throws(() => currentLab(name), { code: 'LAB_USAGE' });
});

test('bob may intercept nowhere, alice and carol in team-a', (t) => {
  const bindings = userObjects() as {
    roleRef?: { name: string };
    subjects?: { name: string }[];
    metadata: { namespace?: string };
  }[];
  const may = bindings
    .filter(({ roleRef }) => roleRef?.name === 'tp-user')
    .map(({ subjects, metadata }) => `${subjects?.[0]?.name} ${metadata.namespace}`);
  t.deepEqual(may.sort(), ['alice kubectl-tp', 'alice team-a', 'carol kubectl-tp', 'carol team-a']);
});

test('quotes for the shell only what needs it', (t) => {
  t.is(shellQuote('/a/b-c_1.2'), '/a/b-c_1.2');
  t.is(shellQuote("it's $HOME"), `'it'\\''s $HOME'`);
});
