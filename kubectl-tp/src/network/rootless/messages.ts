// What the CLI and the process inside of a namespace say to each other, over the channel that Node gives a parent and
// its child. In order: setup, then ready or failed, perhaps mount, then mounted, then run.

import type { ErrorDescription } from '../../errors.ts';
import type { SharedVolumes } from '../../volumes/live/share-volumes.ts';
import type { NetworkAddresses } from '../network-addresses.ts';

export type SetupMessage = {
  readonly kind: 'setup';
  readonly addresses: NetworkAddresses;
  /** What /etc/resolv.conf is to say. */
  readonly resolvConf: string;
};

export type RunMessage = {
  readonly kind: 'run';
  /** With the programs in front of it that make it the user's own again. */
  readonly command: readonly string[];
  /** The command's whole one. */
  readonly environment: NodeJS.ProcessEnv;
};

export type MountMessage = { readonly kind: 'mount'; readonly files: PrivateFiles };

/** Files and folders below `root` that are to be seen at their own paths: `/etc/app` is `ROOT/etc/app`. */
export type PrivateFiles = {
  readonly root: string;
  /** Absolute. */
  readonly paths: readonly string[];
  /** Those of them that may be written. */
  readonly writable?: readonly string[];
  /** Volumes to mount below `root` before. */
  readonly live?: LiveVolumesInside;
  /** Folders of the person, which nothing is laid over. */
  readonly kept: readonly string[];
  /** Folders in which the command's programs are looked for. */
  readonly programs: readonly string[];
};

/** Mounts of the laptop do not show in a command's namespace: it has its own, by the same socket. */
export type LiveVolumesInside = Omit<SharedVolumes, 'close'>;

export type ToInside = SetupMessage | MountMessage | RunMessage;

/** Where another process of the same user finds the namespace's interface, listener, and sockets to connect with. */
export type NamespaceDescriptors = {
  readonly pid: number;
  readonly tun: number;
  readonly listener: number;
  readonly sockets: number;
};

export type MountedInside = {
  /** A sentence for each path that is not there. */
  readonly missing: readonly string[];
  /** Live here, over a copy that the laptop has: paths without a slash at the end. */
  readonly live: readonly string[];
};

export type FromInside =
  | { readonly kind: 'ready'; readonly descriptors: NamespaceDescriptors }
  | ({ readonly kind: 'mounted' } & MountedInside)
  | { readonly kind: 'failed'; readonly error: ErrorDescription };
