// The flags about environment and files that several commands share. What they mean is read in environment-flags.ts.

import { resolve } from 'node:path';
import type { Arguments, Options } from '../command.ts';
import { ENVIRONMENT_SYNTAXES } from '../environment/formats.ts';
import type { NetworkChoice } from '../held/command-network.ts';
import type { VolumeRequest } from '../ipc/container-messages.ts';

export const CONTAINER_OPTIONS = {
  container: { type: 'string', alias: 'c', describe: 'container of the pod [the one behind the port]', value: 'NAME' },
  'loader-variables': {
    type: 'boolean',
    describe: 'also take variables that make programs load code (NODE_OPTIONS, LD_PRELOAD)',
  },
} as const satisfies Options;

export const SELECTION_OPTIONS = {
  'env-syntax': {
    type: 'string',
    choices: ENVIRONMENT_SYNTAXES,
    describe: 'how variables are written [docker]',
  },
  'env-include': { type: 'list', describe: 'only variables like this (* and ?); repeat for more', value: 'GLOB' },
  'env-exclude': { type: 'list', describe: 'no variables like this; repeat for more', value: 'GLOB' },
  'env-override': { type: 'list', describe: 'set a variable to this; repeat for more', value: 'K=V' },
} as const satisfies Options;

export const ENVIRONMENT_OPTIONS = {
  'env-file': { type: 'string', alias: 'e', describe: "write the container's environment", value: 'FILE' },
  'env-json': { type: 'string', alias: 'j', describe: 'write it as JSON', value: 'FILE' },
  ...SELECTION_OPTIONS,
  mount: {
    type: 'string',
    describe: "folder for the container's files, $TP_ROOT [a private one]; :rw to write in the pod; false for none",
    value: 'FOLDER[:rw]|false',
  },
  ...CONTAINER_OPTIONS,
} as const satisfies Options;

/** For a command after `--`. */
export const NETWORK_OPTIONS = {
  network: {
    type: 'string',
    choices: ['cluster', 'laptop'],
    describe: "network that CMD is in [the cluster's where this machine allows it]",
  },
} as const satisfies Options;

export function parseNetwork(network: string | undefined): NetworkChoice {
  return network === 'cluster' || network === 'laptop' ? network : undefined;
}

export type SelectionArguments = Pick<Arguments<typeof SELECTION_OPTIONS>, keyof typeof SELECTION_OPTIONS>;
export type EnvironmentArguments = Pick<Arguments<typeof ENVIRONMENT_OPTIONS>, keyof typeof ENVIRONMENT_OPTIONS>;

/** Whoever asks for none of it does not wait for it. */
export function wantsEnvironment(args: EnvironmentArguments): boolean {
  return args['env-file'] !== undefined || args['env-json'] !== undefined || (args.mount ?? 'false') !== 'false';
}

const WRITABLE = ':rw';
const READ_ONLY = ':ro';

/** `true` is what habit types for the default; `:rw` alone is a private folder that may be written. */
export function parseMount(mount: string | undefined): { volumes?: VolumeRequest } {
  if (mount === 'false') return {};
  const isWritable = mount?.endsWith(WRITABLE) === true;
  const hasMode = isWritable || mount?.endsWith(READ_ONLY) === true;
  const folder = hasMode ? mount?.slice(0, -WRITABLE.length) : mount;
  const isPrivate = folder === undefined || folder === 'true' || folder === '';
  return {
    volumes: {
      ...(isPrivate ? {} : { root: resolve(folder) }),
      ...(isWritable ? { isWritable } : {}),
    },
  };
}
