// What the work of a call gets from its caller.

import type { InsideDialer } from '../tunnel/local-target.ts';

export type CallTools = {
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
  /** Where the caller's command listens, unless on the laptop. Nobody else can be there. Rejects when it must be had. */
  readonly inside?: Promise<InsideDialer | undefined>;
};
