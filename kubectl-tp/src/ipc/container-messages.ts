// What is asked and answered of a container that the laptop stands in for: its files, and `ingest`, which is nothing else.

import type { TargetKind } from '@kubectl-tp/control-plane/api';
import type { Environment } from '../environment/collect.ts';
import type { MountedVolumes } from '../volumes/mounted-volumes.ts';
import type { InsideRequest, InsideResult } from './network-messages.ts';

export type VolumeRequest = {
  /** The absolute path of the folder; default: a private one. */
  readonly root?: string;
  /** What is written into live volumes is written in the pod. */
  readonly isWritable?: boolean;
};

export type IngestRequest = {
  readonly namespace: string;
  readonly target: { readonly kind: TargetKind; readonly name: string };
  readonly container?: string;
  readonly loaderVariables: boolean;
  readonly volumes?: VolumeRequest;
  /** It ends when the caller does. */
  readonly hold: boolean;
  /** With `hold`. */
  readonly inside?: InsideRequest;
};

export type IngestResult = {
  readonly namespace: string;
  readonly target: string;
  readonly pod: string;
  readonly container: string;
  readonly environment: Environment;
  readonly volumes?: MountedVolumes;
  readonly inside?: InsideResult;
};
