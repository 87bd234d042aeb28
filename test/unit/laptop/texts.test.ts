// What is written for a laptop's programs, and read from a person.

import test from 'ava';
import { formatRange, rangeOf } from '../../../control-plane/src/addresses/index.ts';
import { buildResolvConf } from '../../../kubectl-tp/src/network/helper/resolv-conf-file.ts';
import { alsoNamesOf, assertWishes } from '../../../kubectl-tp/src/network/laptop/laptop-wishes.ts';
import { planRoutes } from '../../../kubectl-tp/src/network/laptop/plan-routes.ts';
import { describeRoutes, describeTranslated } from '../../../kubectl-tp/src/output/describe-routes.ts';

test("a laptop's own search path and options go on to hold", (t) => {
  const own =
    'domain old.test\nsearch lan.test svc.cluster.local # home\nnameserver 192.0.2.1\noptions edns0 ; x\noptions ndots:2\n';
  const lines = buildResolvConf(own, '192.0.0.2', ['shop.svc.cluster.local', 'svc.cluster.local']).split('\n');
  t.deepEqual(lines.slice(2), [
    'nameserver 192.0.0.2',
    'search shop.svc.cluster.local svc.cluster.local lan.test',
    'options edns0 ndots:2',
    '',
  ]);
  t.true(lines.slice(0, 2).every((line) => line.startsWith('# ')));
  t.deepEqual(buildResolvConf('', '192.0.0.2', ['a.b']).split('\n').slice(2), [
    'nameserver 192.0.0.2',
    'search a.b',
    '',
  ]);
});

test('one sentence for each route of the laptop, however many addresses it keeps away for want of room', (t) => {
  // Everything that could stand for something else is taken.
  const own = ['198.18.0.0/15', '100.64.0.0/10', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(rangeOf);
  const cluster = Array.from({ length: 6 }, (_, index) => rangeOf(`10.1.0.${index * 4}`));
  const laptop = [{ range: rangeOf('10.0.0.0/8'), interfaceName: 'vpn0' }];
  const { routes, leftOut } = planRoutes({ cluster, also: [rangeOf('10.1.0.0/31')], never: [], kept: [], laptop, own });
  t.deepEqual(routes, ['10.1.0.0/31']);
  t.deepEqual(leftOut, [
    '10.1.0.4, 10.1.0.8, 10.1.0.12 and 2 more of the cluster stays out of reach: this laptop has a route to 10.0.0.0/8 by vpn0, ' +
      'and no range of that size is free to stand for it. To reach the cluster there: --also-proxy 10.1.0.4/32; to leave it so: --never-proxy 10.1.0.4/32',
  ]);
  // Nothing is left to say once the person has said it.
  const never = cluster.slice(1);
  t.deepEqual(planRoutes({ cluster: never, also: [], never, kept: [], laptop, own }).leftOut, []);
});

test('what stands for what, as people read it', (t) => {
  const laptop = [{ range: rangeOf('10.96.1.0/24'), interfaceName: 'eth0' }];
  const cluster = ['10.96.0.0/16', 'fd00::/112'].map(rangeOf);
  const { routes, pairs, leftOut } = planRoutes({ cluster, also: [], never: [], kept: [], laptop });
  t.deepEqual([routes, leftOut], [['198.18.0.0/16', 'fd00::/112'], []]);
  const translated = pairs.map(({ real, shown, why }) => ({
    cluster: formatRange(real),
    laptop: formatRange(shown),
    why,
  }));
  const sentence = '10.96.0.0/16 as 198.18.0.0/16: this laptop has a route to 10.96.1.0/24 by eth0';
  t.deepEqual(describeTranslated(translated), [sentence]);
  const many = Array.from({ length: 10 }, () => translated).flat();
  t.deepEqual(describeTranslated(many).slice(7), [sentence, 'and 2 more ranges as others']);
});

test('routes as people read them', (t) => {
  t.is(describeRoutes([]), 'no addresses');
  t.is(
    describeRoutes(['10.96.0.0/16', '10.0.0.32/32', 'fd00::1/128', 'fd00::/32']),
    '10.96.0.0/16, 10.0.0.32, fd00::1, fd00::/32',
  );
  const many = Array.from({ length: 10 }, (_, index) => `10.0.0.${index}/32`);
  t.regex(describeRoutes(many), /^10\.0\.0\.0, .* 10\.0\.0\.7 and 2 more$/);
});

test('what a person may add and except', (t) => {
  assertWishes(['10.1.0.0/16', '10.1.2.3', 'fd00::/48', 'db.corp.example', 'Vault'], ['0.0.0.0/0', '10.0.0.1', '::/0']);
  t.deepEqual(alsoNamesOf(['10.1.2.3', 'DB.corp.example', 'fd00::/48']), ['db.corp.example']);
  for (const text of ['10.1.0.0/99', '10.1', '0.0.0.0/0', '127.0.0.1', 'a b', '', '-x', '1.2.3.4.5']) {
    t.throws(() => assertWishes([text], []), { code: 'BAD_RANGE' }, text);
  }
  for (const text of ['db.corp.example', '10.0.0.0/33', ''])
    t.throws(() => assertWishes([], [text]), { code: 'BAD_RANGE' }, text);
});
