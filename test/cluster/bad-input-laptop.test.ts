// A laptop that lacks what joining a cluster's network needs, and what somebody may type there: each is told with the
// reason, the next step and the right exit code, and leaves nothing. An ordinary user's commands, on machines that are
// really so.

import { readdir } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { expectRefusal } from '../helpers/expect-refusal.ts';
import { type LabCluster, labCluster } from '../helpers/lab.ts';
import { startApp } from '../helpers/loopback.ts';
import { createOrdinaryPerson, type OrdinaryPerson } from '../helpers/ordinary-person.ts';
import { processesWith } from '../helpers/processes.ts';
import { install } from '../helpers/stage.ts';
import { waitFor } from '../helpers/wait-for.ts';

const IN = ['-n', 'team-a'];
/** A program that does something to a machine of its own, and then what the words behind it say. */
const machine = (flags: string, script: string): string[] => [
  'unshare',
  ...flags.split(' '),
  'sh',
  '-c',
  `${script} && exec "$@"`,
  'sh',
];
/** Rights in the new namespace are for the script alone: what comes then is an ordinary user again. */
const ORDINARY = ['setpriv', '--ambient-caps=-all', '--inh-caps=-all', '--'];
const WITHOUT_USER_NAMESPACES = [
  ...machine('-U --map-current-user --keep-caps', 'echo 0 > /proc/sys/user/max_user_namespaces'),
  ...ORDINARY,
];
const WITHOUT_TUN = machine('-Urm', 'mount -t tmpfs tmpfs /dev/net');
/** Root that has lost its capabilities is held to the permissions as everybody is. */
const CLOSED_TUN = [
  ...machine('-Urm', 'mount -t tmpfs tmpfs /dev/net && : > /dev/net/tun && chmod 0 /dev/net/tun'),
  ...['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'],
];

async function openCluster(): Promise<LabCluster> {
  const cluster = await labCluster();
  await install(cluster);
  return cluster;
}

/** But a session process that waits some minutes for the next command: it has no network, and takes all along. */
async function nothingIsLeft(t: ExecutionContext, { home, tp, tpOk }: OrdinaryPerson): Promise<void> {
  const { running, networks = [] } = JSON.parse(await tpOk('status', '-o', 'json'));
  t.deepEqual(networks, []);
  if (running) t.is((await tp('quit')).code, 0);
  await waitFor('no process is left', () => processesWith('HOME', home).length === 0);
  const files = (await readdir(home, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  t.deepEqual(
    files.map(({ name }) => name),
    ['kubeconfig'],
  );
}

test.serial('a proxy where it cannot be', async (t) => {
  const alice = await createOrdinaryPerson(t, await openCluster(), 'alice');
  const { port } = await startApp(t, (socket) => void socket.destroy());
  const next = /--proxy-address HOST:PORT.*any free port/;
  for (const command of [[], ['--', 'true']]) {
    expectRefusal(t, await alice.tp('connect', ...IN, '--proxy-address', `127.0.0.1:${port}`, ...command), {
      code: 'PORT_IN_USE',
      says: new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use, so the proxy can't listen there\\.$`),
      next,
    });
  }
  for (const [place, says] of [
    ['203.0.113.7:1080', /203\.0\.113\.7, port 1080: the laptop has no such address/],
    ['127.0.0.1:1', /127\.0\.0\.1, port 1: ports below 1024 are for root/],
  ] as const) {
    const flags = ['--proxy-address', place, '--proxy-password', 'secret'];
    expectRefusal(t, await alice.tp('connect', ...IN, ...flags), { code: 'USAGE', says, next });
  }
  await nothingIsLeft(t, alice);
});

test.serial('a namespace that is not there, or not for this user', async (t) => {
  const cluster = await openCluster();
  const alice = await createOrdinaryPerson(t, cluster, 'alice');
  const admin = await createOrdinaryPerson(t, cluster, 'admin');
  for (const way of [['--proxy'], ['--', 'true']]) {
    expectRefusal(t, await admin.tp('connect', '-n', 'nowhere', ...way), {
      code: 'NAMESPACE_NOT_FOUND',
      says: /^There is no namespace nowhere\.$/,
      next: /kubectl get namespaces/,
    });
    expectRefusal(t, await alice.tp('connect', '-n', 'nowhere', ...way), {
      code: 'MISSING_RIGHT',
      says: /may not list services in namespace nowhere/,
      next: /create rolebinding/,
    });
  }
  await nothingIsLeft(t, alice);
  await nothingIsLeft(t, admin);
});

test.serial('where there can be no network for a command it is told why, and the command gets a proxy', async (t) => {
  const alice = await createOrdinaryPerson(t, await openCluster(), 'alice');
  const asksProxy = ['--', 'sh', '-c', 'curl -sSko /dev/null https://kubernetes.default.svc/ && echo "$ALL_PROXY"'];
  for (const [where, why, next] of [
    [
      WITHOUT_USER_NAMESPACES,
      /does not let its users make namespaces: user\.max_user_namespaces is 0\. So the command gets a proxy/,
      /For a network of its own: sudo sysctl -w user\.max_user_namespaces=15000/,
    ],
    [WITHOUT_TUN, /\/dev\/net\/tun can't be opened \(ENOENT\)\. So the command gets a proxy/, /sudo modprobe tun/],
    [CLOSED_TUN, /\/dev\/net\/tun may not be opened by this user\. So .* a proxy/, /sudo chmod 0666 \/dev\/net\/tun/],
  ] as const) {
    const { code, stdout, stderr } = await alice.tpOn(where, 'connect', ...IN, ...asksProxy);
    t.is(code, 0, stderr);
    t.regex(stderr, why);
    t.regex(stderr, next);
    t.regex(stdout, /^socks5h:\/\/.*127\.0\.0\.1:\d+\n$/);
    await alice.tpOn(where, 'quit');
  }
  await nothingIsLeft(t, alice);
});

test.serial('the whole laptop without a TUN device, by bad ranges, or without root', async (t) => {
  const alice = await createOrdinaryPerson(t, await openCluster(), 'alice');
  expectRefusal(t, await alice.tpOn(WITHOUT_TUN, 'connect', ...IN), {
    code: 'TUN_UNAVAILABLE',
    says: /\/dev\/net\/tun can't be opened \(ENOENT\)/,
    next: /sudo modprobe tun/,
  });
  expectRefusal(t, await alice.tpOn(CLOSED_TUN, 'connect', ...IN), {
    code: 'TUN_UNAVAILABLE',
    says: /may not be opened by this user/,
    next: /sudo chmod 0666 \/dev\/net\/tun/,
  });
  for (const [flags, says] of [
    [['--also-proxy', '10.0.0.0/40'], /--also-proxy: "10\.0\.0\.0\/40" is neither a CIDR nor a name/],
    [['--also-proxy', '127.0.0.0/8'], /--also-proxy: 127\.0\.0\.0\/8 never leads to a cluster/],
    [['--never-proxy', 'db.corp.example'], /--never-proxy: "db\.corp\.example" is no CIDR/],
  ] as const) {
    const refusal = { code: 'BAD_RANGE', says, next: /10\.1\.0\.0\/16/ } as const;
    expectRefusal(t, await alice.tp('connect', ...IN, ...flags), refusal);
  }
  expectRefusal(t, await alice.tp('connect', ...IN, '--helper-command', 'no-such-program'), {
    code: 'HELPER_MISSING',
    says: /no-such-program/,
    next: /--helper-command|kubectl tp connect --/,
  });
  expectRefusal(t, await alice.tp('connect', ...IN, '--helper-command', 'false'), {
    code: 'HELPER_REFUSED',
    says: /./,
    next: /kubectl tp connect --/,
  });
  await nothingIsLeft(t, alice);
});
