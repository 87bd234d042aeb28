// A stage for one story on the cluster: the product installed from this checkout, a namespace with the echo
// application and a pod that makes load, people with laptops, and processes on those laptops.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import type { User } from '../../lab/users.ts';
import type { LoadPlan, LoadResult } from '../apps/load.ts';
import { buildCode, buildEchoApp, buildLoadPod, type EchoAppOptions, LOAD_POD } from './echo-app.ts';
import { type LabCluster, labCluster } from './lab.ts';
import { createPerson, type Person } from './tp.ts';
import { waitFor } from './wait-for.ts';

export type LaptopApp = {
  readonly port: number;
  /** As at a breakpoint, until the returned function is called. */
  standStill(): () => void;
  stop(): Promise<void>;
};

export type StageLoad = Omit<LoadPlan, 'url'> & { app: string; path?: string };

export type Stage = {
  readonly cluster: LabCluster;
  readonly namespace: string;
  /** Deploys an echo application and waits until all its pods are ready. */
  deploy(app: Omit<EchoAppOptions, 'namespace' | 'image'>): Promise<void>;
  /** Runs load inside the cluster and counts what became of it. */
  load(plan: StageLoad): Promise<LoadResult>;
  /** All these loads while the story goes on; throws when it takes longer, since its end had none. */
  loadDuring(
    plans: readonly Omit<StageLoad, 'seconds'>[],
    seconds: number,
    story: () => Promise<unknown>,
  ): Promise<LoadResult[]>;
  person(user: User): Promise<Person>;
  /** Starts an echo application on this machine, as a developer would. */
  laptopApp(name: string, port?: number): Promise<LaptopApp>;
};

/** Installs the product (quick when it is there already) and opens a namespace; all of the story's things go at its end. */
export async function openStage(t: ExecutionContext, namespace: string): Promise<Stage> {
  const cluster = await labCluster();
  await install(cluster);
  const { product: image } = cluster.images;
  await cluster.apply([buildNamespace(namespace), buildCode(namespace), buildLoadPod(namespace, image)]);
  await cluster.kubectl(['-n', namespace, 'wait', `pod/${LOAD_POD}`, '--for=condition=Ready', '--timeout=60s']);
  const deployed: string[] = [];
  const load: Stage['load'] = async ({ app, path = '/', ...plan }) => {
    const url = `http://${app}.${namespace}${path}`;
    const args = ['-n', namespace, 'exec', LOAD_POD, '--', 'node', '/app/test-apps/load.ts'];
    return JSON.parse(await cluster.kubectl([...args, JSON.stringify({ ...plan, url })])) as LoadResult;
  };
  t.teardown(async () => {
    for (const name of deployed)
      await cluster.kubectl(['-n', namespace, 'delete', 'deployment,service', name, '--wait=false']);
  });
  return {
    cluster,
    namespace,
    async deploy(app) {
      await cluster.apply(buildEchoApp({ ...app, namespace, image }));
      deployed.push(app.name);
      await cluster.kubectl(['-n', namespace, 'rollout', 'status', `deployment/${app.name}`, '--timeout=120s']);
    },
    load,
    async loadDuring(plans, seconds, story) {
      const loads = Promise.all(plans.map((plan) => load({ ...plan, seconds })));
      const [tookMs, results] = await Promise.all([measure(story), loads]);
      if (tookMs <= seconds * 1000) return results;
      throw new Error(`the story took ${(tookMs / 1000).toFixed(1)} s, its load ended after ${seconds} s`);
    },
    async person(user) {
      const person = await createPerson(cluster, user);
      t.teardown(() => person.leave());
      return person;
    },
    async laptopApp(name, port = 0) {
      const app = await startLaptopApp(name, port);
      t.teardown(() => app.stop());
      return app;
    },
  };
}

async function measure(story: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await story();
  return performance.now() - startedAt;
}

/** Installs this checkout's version, or upgrades to it. */
export async function install(cluster: LabCluster): Promise<void> {
  const admin = await createPerson(cluster, 'admin');
  const { product, agent } = cluster.images;
  await admin.tpOk('install', '--image', product, '--agent-image', agent);
  await admin.leave();
}

function buildNamespace(name: string): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

async function startLaptopApp(name: string, port: number): Promise<LaptopApp> {
  const echo = new URL('../apps/echo.ts', import.meta.url).pathname;
  const env = { ...process.env, NAME: name, HOST: '127.0.0.1', PORT: String(port), LINGER_MS: '0' };
  const child = spawn(process.execPath, [echo], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes;
  });
  const listening = await waitFor(`${name} listens`, () => /listens on (\d+)/.exec(output) ?? undefined);
  return {
    port: Number(listening[1]),
    standStill() {
      child.kill('SIGSTOP');
      return () => void child.kill('SIGCONT');
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
