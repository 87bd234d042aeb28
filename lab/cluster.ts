// The lab as a whole: start, join, stop, status. From nothing to a Ready node in seconds; data never outlives a stop.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apply, hasServiceAccount, isApiServerReady, isNodeReady } from './api-client.ts';
import { removeTraces } from './cleanup.ts';
import { apiServer, controllers, coreDns, corefile, dnsObjects, etcd } from './control-plane.ts';
import { LabError } from './errors.ts';
import { agentImage, type ImageNames, pauseImage, productImages, toolsImage } from './images/definitions.ts';
import { loadIntoNode } from './images/load.ts';
import type { Image } from './images/oci-archive.ts';
import { ensureKeys } from './keys.ts';
import { writeKubeconfigs } from './kubeconfigs.ts';
import type { Lab, LabNode } from './lab.ts';
import { withLock } from './lock.ts';
import { createNetwork, inNode, joinNetwork, netnsExists } from './network.ts';
import { startKubelet, startRuntime } from './node.ts';
import { daemonPids, isAlive, startDaemon, waitFor } from './processes.ts';
import { labPrograms, type Programs } from './programs.ts';
import { assertMachineFits } from './requirements.ts';
import { succeeds } from './shell.ts';
import { saveSysctls } from './sysctls.ts';
import { TEAM_NAMESPACES, userObjects } from './users.ts';

export type Report = (step: string) => void;

/** Makes sure that the lab runs. What a crashed run left is removed first. Returns false when it ran already. */
export async function start(lab: Lab, report: Report): Promise<boolean> {
  if (await isHealthy(lab)) return false;
  assertMachineFits();
  const programs = await labPrograms();
  return withLock(`lab/${lab.name}`, async () => {
    // Somebody else may have started it while we waited for the lock.
    if (await isHealthy(lab)) return false;
    await removeTraces(lab);
    await startFromNothing(lab, programs, report);
    return true;
  });
}

export async function stop(lab: Lab): Promise<void> {
  await withLock(`lab/${lab.name}`, () => removeTraces(lab));
}

/** Stops and removes keys and logs too. */
export async function wipe(lab: Lab): Promise<void> {
  await stop(lab);
  await rm(lab.folders.state, { recursive: true, force: true });
}

/** Adds the second node. */
export async function joinNode(lab: Lab, report: Report): Promise<void> {
  await assertRunning(lab);
  const [, node] = lab.nodes;
  await withLock(`lab/${lab.name}`, async () => {
    if (hasJoined(lab, node)) return;
    if (netnsExists(node)) {
      throw new LabError('LAB_DEADLINE', `An earlier join of node ${node.name} has ended half-way.`, {
        hint: 'npm run lab -- stop',
      });
    }
    const programs = await labPrograms();
    await joinNetwork(lab, node);
    await startRuntime(lab, programs, node);
    await Promise.all([loadBaseImages(lab, programs, node), startKubelet(lab, programs, node)]);
    await waitFor('the second node', () => isNodeReady(lab, node));
    await writeFile(joined(lab, node), '');
    report(`node ${node.name} is Ready`);
  });
}

/** Packs the product from this checkout and loads it, with its agent and the tools, into every node. */
export async function loadImages(lab: Lab): Promise<ImageNames> {
  await assertRunning(lab);
  const { images, names } = await productImages();
  await loadIntoNodes(lab, images);
  return names;
}

export async function loadIntoNodes(lab: Lab, images: readonly Image[]): Promise<void> {
  const programs = await labPrograms();
  const nodes = lab.nodes.filter((node, index) => index === 0 || hasJoined(lab, node));
  await Promise.all(nodes.map((node) => loadIntoNode(lab, programs, node, images)));
}

/** All daemons live and the first node is Ready. */
export async function isHealthy(lab: Lab): Promise<boolean> {
  const pids = [...(await daemonPids(lab)).values()];
  if (pids.length === 0 || !(await readFile(complete(lab), 'utf8').catch(() => ''))) return false;
  if (!(await Promise.all(pids.map(isAlive))).every(Boolean)) return false;
  return isNodeReady(lab, lab.nodes[0]);
}

export async function assertRunning(lab: Lab): Promise<void> {
  if (await isHealthy(lab)) return;
  throw new LabError('LAB_NOT_RUNNING', `The lab "${lab.name}" does not run.`, { hint: 'npm run lab -- start' });
}

async function startFromNothing(lab: Lab, programs: Programs, report: Report): Promise<void> {
  const [node] = lab.nodes;
  const { config, log, run, data } = lab.folders;
  await Promise.all([config, log, run, data].map((folder) => mkdir(folder, { recursive: true })));
  await saveSysctls(lab);
  await ensureKeys(lab);
  await writeKubeconfigs(lab);
  await createNetwork(lab);
  report('keys and network');
  for (const daemon of [etcd(lab), apiServer(lab)]) await startDaemon(lab, programs, node, daemon);
  const images = startRuntime(lab, programs, node).then(() => loadBaseImages(lab, programs, node));
  await Promise.all([images, startCluster(lab, programs, report)]);
  await writeFile(complete(lab), `${programs.kube}\n`);
  report('node, DNS, images: pods can be made');
}

async function startCluster(lab: Lab, programs: Programs, report: Report): Promise<void> {
  const [node] = lab.nodes;
  await waitFor('the API server', () => isApiServerReady(lab));
  report('API server ready');
  await writeFile(join(lab.folders.config, 'Corefile'), corefile(lab));
  for (const daemon of [...controllers(lab), coreDns(lab)]) await startDaemon(lab, programs, node, daemon);
  await startKubelet(lab, programs, node);
  await apply(lab, programs, [...dnsObjects(lab), ...userObjects()]);
  await waitFor('the node', () => isNodeReady(lab, node));
  await waitFor('DNS', () => isDnsReady(programs, node));
  for (const namespace of ['default', ...TEAM_NAMESPACES]) {
    await waitFor('service accounts', () => hasServiceAccount(lab, namespace));
  }
}

async function loadBaseImages(lab: Lab, programs: Programs, node: LabNode): Promise<void> {
  await loadIntoNode(lab, programs, node, await Promise.all([pauseImage(), agentImage(), toolsImage()]));
}

function isDnsReady(programs: Programs, node: LabNode): Promise<boolean> {
  const busybox = join(programs.debian, 'base/bin/busybox');
  const [command = '', ...args] = inNode(node, busybox, 'wget', '-q', '-O', '-', 'http://127.0.0.1:8181/ready');
  return succeeds(command, args);
}

/** Written last, so that a start that died half-way is not taken for a running lab. */
const complete = (lab: Lab): string => join(lab.folders.run, 'complete');
/** The same for a further node. */
const joined = (lab: Lab, node: LabNode): string => join(lab.folders.run, `complete-${node.name}`);
const hasJoined = (lab: Lab, node: LabNode): boolean => existsSync(joined(lab, node));
