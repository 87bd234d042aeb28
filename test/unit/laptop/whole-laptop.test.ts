// The whole laptop in a cluster's network: a real helper, real interfaces, real programs, in a namespace that plays the
// laptop.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { startLaptop } from '../../helpers/laptop-rig.ts';
void delay;
test.serial('try', async (t) => {
  const laptop = await startLaptop(t, 'file');
  const before = await laptop.snapshot();
  t.log(before);
  const holder = laptop.hold();
  t.log(await holder.ready);
  t.log(await laptop.snapshot());
  t.log(await laptop.run('getent', 'ahostsv4', 'db'));
  t.log(await laptop.run('getent', 'ahostsv4', 'www.outside.test'));
  t.log(await laptop.run('curl', '-s', '--http0.9', 'http://db:8080/'));
  holder.end();
  await holder.ended;
  t.log(holder.said());
  t.is(await laptop.snapshot(), before);
});
