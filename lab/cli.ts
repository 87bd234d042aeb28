// `npm run lab -- COMMAND`: a real Kubernetes on this machine, for tests, demos and trying things out.

import { join } from 'node:path';
import { apply } from './api-client.ts';
import { assertRunning, joinNode, loadImages, start, stop, wipe } from './cluster.ts';
import { environmentFor, shellEnvironment } from './environment.ts';
import { LabError } from './errors.ts';
import { currentLab, type Lab } from './lab.ts';
import { helmPath, kubeFolder, labPrograms } from './programs.ts';
import { runOnTerminal } from './shell.ts';
import { describeStatus } from './status.ts';
import { describeUsers, isUser, USERS, type User, userObjects } from './users.ts';

type Command = { readonly help: string; readonly run: (lab: Lab, args: string[]) => Promise<number | undefined> };

const COMMANDS: Readonly<Record<string, Command>> = {
  start: { help: 'start the cluster, unless it runs', run: runStart },
  stop: { help: 'end it and remove its data', run: quietly(stop) },
  wipe: { help: 'stop, and remove keys and logs too', run: quietly(wipe) },
  status: { help: 'daemons, nodes, pods', run: async (lab) => say(await describeStatus(lab)) },
  join: { help: 'add a second node', run: quietly((lab) => joinNode(lab, progress())) },
  images: { help: 'pack the product from this checkout and load it; prints the image names', run: runImages },
  users: { help: `give ${USERS.join(', ')} their namespaces and roles again`, run: runUsers },
  env: { help: 'for eval: KUBECONFIG and PATH; --user NAME (admin)', run: runEnv },
  kubectl: { help: 'kubectl as administrator', run: async (lab, args) => runProgram(lab, 'kubectl', args) },
  helm: { help: 'helm as administrator', run: async (lab, args) => runProgram(lab, 'helm', args) },
};

async function main(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return (await command.run(currentLab(), rest)) ?? 0;
  throw new LabError('LAB_USAGE', name ? `The lab has no command "${name}".` : 'Which command?', { hint: usage() });
}

async function runStart(lab: Lab): Promise<undefined> {
  const started = await start(lab, progress());
  say(`The lab "${lab.name}" ${started ? 'is ready' : 'runs'}. To use it in this shell, then to end it:
  eval "$(npm run -s lab -- env)"        or: env --user alice
  npm run lab -- stop\n`);
}

async function runImages(lab: Lab): Promise<undefined> {
  const images = await loadImages(lab);
  say(`${Object.values(images).join('\n')}\n`);
}

async function runUsers(lab: Lab): Promise<undefined> {
  await assertRunning(lab);
  await apply(lab, await labPrograms(), userObjects());
  say(`${describeUsers()}\n`);
}

async function runEnv(lab: Lab, args: string[]): Promise<undefined> {
  const user = parseUser(args);
  await assertRunning(lab);
  say(await shellEnvironment(lab, user));
}

async function runProgram(lab: Lab, program: 'kubectl' | 'helm', args: string[]): Promise<number> {
  await assertRunning(lab);
  const path = program === 'helm' ? await helmPath() : join(await kubeFolder(), 'kubectl');
  return runOnTerminal(path, args, { env: { ...process.env, ...(await environmentFor(lab, 'admin')) } });
}

function parseUser(args: readonly string[]): User {
  const [flag, value = ''] = args.flatMap((arg) => arg.split('='));
  if (flag === undefined) return 'admin';
  if (flag === '--user' && isUser(value)) return value;
  throw new LabError('LAB_USAGE', `"${args.join(' ')}" names nobody.`, { hint: `--user ${USERS.join(' | ')}` });
}

function quietly(run: (lab: Lab) => Promise<void>): Command['run'] {
  return async (lab) => {
    await run(lab);
    return undefined;
  };
}

/** Prints each step with the seconds since the command began. */
function progress(): (step: string) => void {
  const begin = performance.now();
  return (step) => console.error(`${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${step}`);
}

function say(text: string): undefined {
  process.stdout.write(text);
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(9)} ${help}`);
  return ['npm run lab -- COMMAND', ...lines, 'TP_LAB_NAME=other gives a second lab beside the first.'].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  console.error(`lab: ${error.message}${error.hint ? `\n${error.hint}` : ''}`);
  process.exitCode = error.code === 'LAB_USAGE' ? 2 : 1;
}
