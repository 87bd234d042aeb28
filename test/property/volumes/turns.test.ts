// Changes of one thing come one after the other, in the order they were asked for, changes of everything alone.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { array, assert, asyncProperty, boolean, constantFrom, nat, record } from 'fast-check';
import { createTurns } from '../../../kubectl-tp/src/volumes/turns.ts';

const ALL = 'all';

test('no change meets another of its thing, nor one of everything', async (t) => {
  const asked = array(record({ id: constantFrom('a', 'b', ALL), turns: nat(3), pause: boolean(), fails: boolean() }), {
    maxLength: 20,
  });
  let together = 0;
  await assert(
    asyncProperty(asked, async (changes) => {
      const turns = createTurns();
      const running = new Set<string>();
      const begun: number[] = [];
      const settled: Promise<unknown>[] = [];
      for (const [at, { id, turns: length, pause, fails }] of changes.entries()) {
        const change = async () => {
          const met = [...running].filter((other) => other === id || other === ALL || id === ALL);
          if (met.length > 0) throw new Error(`${id} meets ${met}`);
          if (running.size > 0) together += 1;
          begun.push(at);
          running.add(id);
          for (let turn = 0; turn < length; turn += 1) await nextTurn();
          running.delete(id);
          if (fails) throw at;
          return at;
        };
        const changed = id === ALL ? turns.ofAll(change) : turns.of(id, change);
        settled.push(changed.catch((error) => error));
        if (pause) await nextTurn();
      }
      t.deepEqual(await Promise.all(settled), [...changes.keys()]);
      for (const [position, at] of begun.entries()) {
        const id = changes[at]?.id;
        const isLate = (other: number) => other < at && (id === ALL || [id, ALL].includes(changes[other]?.id));
        t.false(begun.slice(position).some(isLate), 'in the order they were asked for');
      }
    }),
  );
  t.true(together > 0, 'changes of different things do not wait for each other');
});
