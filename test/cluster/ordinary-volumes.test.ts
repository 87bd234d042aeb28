// Live volumes of an ordinary user: mounted where the machine lets them, in a network of their own also where it lets
// nobody else; else a copy, and the sentence that says why.

import test from 'ava';
import { type FuseMachineOptions, fuseMachine } from '../helpers/fuse-machine.ts';
import { createOrdinaryPerson } from '../helpers/ordinary-person.ts';
import { openStage } from '../helpers/stage.ts';

const NAMESPACE = 'team-a';
const IN = ['-n', NAMESPACE];
const APP = 'kept';
const TARGET = `deployment/${APP}`;
const PLACE = '/srv/tp-keep';

type Case = FuseMachineOptions & {
  readonly network: 'cluster' | 'laptop';
  /** Undefined: mounted, without a word. */
  readonly copyBecause?: RegExp;
};

/** Reads, counts the mounts that there are, writes. `$1`: the volume. */
const LOOK = 'cat $1/seen; grep -c " $1 .*fuse.sshfs" /proc/self/mountinfo; echo new > $1/new && cat $1/new';

const volumes = test.macro(async (t, { network, copyBecause, ...machine }: Case) => {
  const stage = await openStage(t, NAMESPACE);
  const { cluster } = stage;
  const binding = ['rolebinding', 'alice-tp-volumes'];
  await cluster.kubectl([...IN, 'create', ...binding, '--clusterrole=tp-volumes', '--user=alice']);
  t.teardown(() => cluster.kubectl([...IN, 'delete', ...binding]));
  await stage.deploy({ name: APP, replicas: 1, volumeAt: PLACE });
  const inPod = (script: string) => cluster.kubectl([...IN, 'exec', TARGET, '-c', 'app', '--', 'sh', '-c', script]);
  await inPod(`echo from the pod > ${PLACE}/seen; rm -f ${PLACE}/new`);
  const alice = await createOrdinaryPerson(t, cluster, 'alice', await fuseMachine(machine));

  const place = network === 'cluster' ? PLACE : `$TP_ROOT${PLACE}`;
  const command = ['sh', '-c', `set -- "${place}"; ${LOOK}`];
  const words = ['ingest', TARGET, ...IN, '--mount', ':rw', '--network', network, '--', ...command];
  const { stdout, stderr } = await alice.tp(...words);

  const [seen, mounts, written] = stdout.split('\n');
  t.is(seen, 'from the pod', stderr);
  if (copyBecause === undefined) {
    t.deepEqual([mounts, written], ['1', 'new'], stderr);
    t.notRegex(stderr, /copy|lack/);
    t.is(await inPod(`cat ${PLACE}/new`), 'new\n');
  } else {
    t.is(mounts, '0');
    t.regex(stderr, /\/srv\/tp-keep is a copy as of now and does not follow the pod, which gets nothing/);
    t.regex(stderr, copyBecause);
    t.is(await inPod(`ls ${PLACE}`), 'seen\n');
  }
  t.notRegex(await alice.tpOk('quit'), /error/);
});

const NOT_SETUID = { isSetuid: false, deviceMode: '666' } as const;
const CLOSED = { isSetuid: true, deviceMode: '600' } as const;

test.serial('as distributions are: mounted', volumes, { isSetuid: true, deviceMode: '666', network: 'laptop' });
test.serial('fusermount3 that is not setuid: copied', volumes, {
  ...NOT_SETUID,
  network: 'laptop',
  copyBecause: /fusermount3: mount failed: Operation not permitted\. .*chmod u\+s .*--network cluster/,
});
test.serial('the same in a network of its own: mounted', volumes, { ...NOT_SETUID, network: 'cluster' });
test.serial('/dev/fuse that is closed: copied', volumes, {
  ...CLOSED,
  network: 'cluster',
  copyBecause: /failed to open \/dev\/fuse: Permission denied\. .*chmod 666 \/dev\/fuse/,
});
