// `npm run demo`: the main job on a real cluster, told in a screenful. Ends with 0 only if every claim was true; leaves
// the cluster running for playing on.

import { relative } from 'node:path';
import { argv, exit } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CHECKOUT } from '../paths.ts';
import { openTargetCluster, type TargetCluster } from '../target-cluster.ts';
import { createShell, type Shell } from './commands.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { buildShop, SHOP_NAMESPACE } from './shop-objects.ts';
import { countServedBy, describeTally, shopTimes, startBystanders, type Tally } from './shoppers.ts';

const REQUESTS = 40;
const MINE = { 'x-dev': 'me' };
/** Where `orders` listens in its pods. */
const ORDERS_PORT = 8080;
const OPENING_ATTEMPTS = 60;
const OPENING_REQUESTS = 10;
const OPENING_PAUSE_MS = 500;
const IN_SHOP = ['--namespace', SHOP_NAMESPACE];

const { values: options } = parseArgs({ args: argv.slice(2), options: { context: { type: 'string' } } });
const story = createNarrator();
const cleanups: (() => Promise<void> | void)[] = [];
const code = await tell(story).catch((error: Error) => {
  story.claim('the demo ran to its end', false, error.message);
  return 1;
});
for (const cleanup of cleanups.reverse()) await cleanup();
exit(code);

/** Returns the exit code. */
async function tell(story: Narrator): Promise<number> {
  story.chapter('A Kubernetes cluster, and the cluster part of kubectl tp in it');
  const cluster = await openTargetCluster(options.context);
  const shell = createShell(await cluster.env());
  await shell.run('kubectl', 'tp', 'install', '--image', cluster.images.product, '--agent-image', cluster.images.agent);
  story.say(
    `${cluster.description}; ${(await shell.run('kubectl', 'tp', 'version'))
      .trim()
      .replaceAll(/ *\n */g, '; ')
      .replaceAll(/ {2,}/g, ' ')}`,
  );

  story.chapter('A shop: web -> orders -> (gRPC) prices, two pods each; shoppers call web all the time');
  const url = await openShop(shell, cluster.images.product);
  const before = await shopTimes(REQUESTS, url, MINE);
  story.claim(
    'without an intercept the pods answer, also with x-dev: me',
    countServedBy(before, 'pod ') === REQUESTS,
    describeTally(before),
  );
  const podsBefore = await listOrdersPods(shell);
  const bystanders = startBystanders(url);

  story.chapter('My version of orders runs on the laptop, and I intercept x-dev: me');
  const laptop = await shell.start(/listens on 127\.0\.0\.1:(\d+)/, process.execPath, laptopOrders());
  cleanups.push(() => void laptop.process.kill());
  const port = laptop.match[1] ?? '';
  const intercept = ['orders', ...IN_SHOP, '--header', 'x-dev=me', '--port', port];
  story.say(`$ kubectl tp intercept ${intercept.join(' ')}`);
  story.say(firstLine(await shell.run('kubectl', 'tp', 'intercept', ...intercept)));
  await claimIntercepted(story, url);
  const replicas = await connectionsByPod(shell);
  const evidence = [...replicas].map(([pod, count]) => `${count} connections from ${pod}`).join(', ');
  story.claim('they came from every replica of orders', replicas.size === 2, evidence || 'none');

  story.chapter('The process on the laptop dies; the intercept stays');
  await ended(laptop.process);
  const fallback = await shopTimes(REQUESTS, url, MINE);
  story.claim(
    'the pods answer for it, without an error',
    countServedBy(fallback, 'pod ') === REQUESTS,
    describeTally(fallback),
  );

  story.chapter('I leave');
  await shell.run('kubectl', 'tp', 'leave', 'orders', ...IN_SHOP);
  const after = await shopTimes(REQUESTS, url, MINE);
  story.claim('everything is as before', countServedBy(after, 'pod ') === REQUESTS, describeTally(after));
  const { sent, failed } = await bystanders.stop();
  const wasRolled = (await listOrdersPods(shell)).some((pod) => !podsBefore.includes(pod));
  story.claim(
    wasRolled ? 'no bystander noticed, rollout of the agents included' : 'no bystander noticed',
    failed === 0 && sent > 0,
    `${sent} requests, ${failed} failed`,
  );
  await shell.run('kubectl', 'tp', 'quit');

  story.chapter(story.allTrue() ? 'All of it was true.' : 'NOT all of it was true.');
  for (const line of playOn(cluster)) story.say(line);
  return story.allTrue() ? 0 : 1;
}

/** Lines to paste, in this order, in the checkout. */
function playOn({ enter, stop }: TargetCluster): string[] {
  const mine = `node_modules/node/bin/node ${relative(CHECKOUT, laptopOrders())} ${ORDERS_PORT}`;
  return [
    `The cluster runs on. To play with it, in ${CHECKOUT}:`,
    `  ${enter}`,
    `  kubectl tp intercept orders -n ${SHOP_NAMESPACE} --header x-dev=me -- ${mine}`,
    'While that runs, in a second terminal, there too (without the header a pod answers):',
    `  ${enter}`,
    `  kubectl tp connect -n ${SHOP_NAMESPACE} -- curl -s -H 'x-dev: me' http://web/`,
    'Ctrl-C in the first ends the intercept. To end it all:',
    `  ${stop ?? `kubectl delete namespace ${SHOP_NAMESPACE}; kubectl tp uninstall`}`,
  ];
}

async function openShop(shell: Shell, image: string): Promise<string> {
  const list = { apiVersion: 'v1', kind: 'List', items: await buildShop(image) };
  await shell.feed(JSON.stringify(list), 'kubectl', 'apply', '--server-side', '--force-conflicts', '-f', '-');
  for (const name of ['web', 'orders', 'prices']) {
    await shell.run('kubectl', 'rollout', 'status', `deployment/${name}`, ...IN_SHOP, '--timeout=120s');
  }
  const forward = await shell.start(
    /Forwarding from 127\.0\.0\.1:(\d+)/,
    'kubectl',
    'port-forward',
    'service/web',
    ':80',
    ...IN_SHOP,
  );
  cleanups.push(() => void forward.process.kill());
  const url = `http://127.0.0.1:${forward.match[1]}/`;
  await untilOpen(url);
  return url;
}

/** Pods are ready before each has found its way to the next: the shop is open when several requests in a row succeed. */
async function untilOpen(url: string): Promise<void> {
  for (let attempt = 0; attempt < OPENING_ATTEMPTS; attempt++) {
    const { failed } = await shopTimes(OPENING_REQUESTS, url);
    if (failed === 0) return;
    await delay(OPENING_PAUSE_MS);
  }
  throw new Error(`the shop does not open: ${describeTally(await shopTimes(OPENING_REQUESTS, url))}`);
}

async function claimIntercepted(story: Narrator, url: string): Promise<void> {
  const mine: Tally = await shopTimes(REQUESTS, url, MINE);
  const others = await shopTimes(REQUESTS, url);
  story.claim(
    'with x-dev: me every request reaches the laptop',
    countServedBy(mine, 'laptop ') === REQUESTS,
    describeTally(mine),
  );
  story.claim(
    'without it every request reaches a pod',
    countServedBy(others, 'pod ') === REQUESTS,
    describeTally(others),
  );
}

/** How many connections of each agent the session process has taken, by pod. */
async function connectionsByPod(shell: Shell): Promise<Map<string, number>> {
  const status = JSON.parse(await shell.run('kubectl', 'tp', 'status', '--output', 'json')) as {
    intercepts?: { connections?: Record<string, number> }[];
  };
  return new Map(Object.entries(status.intercepts?.[0]?.connections ?? {}));
}

/** Those that end still, too. */
async function listOrdersPods(shell: Shell): Promise<string[]> {
  return (await shell.run('kubectl', 'get', 'pods', ...IN_SHOP, '--selector', 'app=orders', '--output', 'name'))
    .trim()
    .split('\n');
}

function laptopOrders(): string {
  return new URL('./shop/orders-on-laptop.ts', import.meta.url).pathname;
}

function ended(process: { kill(): boolean; once(event: 'exit', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    process.once('exit', () => resolve());
    process.kill();
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
