// What the CLI and the process inside of a namespace say to each other, over the channel that Node gives a parent and
// its child. In order: setup, then ready or failed, then run.

import type { ErrorDescription } from '../../errors.ts';
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

export type ToInside = SetupMessage | RunMessage;

/** Where another process of the same user finds the namespace's interface, listener, and sockets to connect with. */
export type NamespaceDescriptors = {
  readonly pid: number;
  readonly tun: number;
  readonly listener: number;
  readonly sockets: number;
};

export type FromInside =
  | { readonly kind: 'ready'; readonly descriptors: NamespaceDescriptors }
  | { readonly kind: 'failed'; readonly error: ErrorDescription };
