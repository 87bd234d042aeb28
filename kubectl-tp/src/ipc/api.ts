// What CLI and session process say to each other over the unix socket. One connection carries one call, as lines of
// JSON: a request, then any number of progress lines, then a result or an error. The caller ends its side to cancel,
// or, after the result of an intercept with `hold`, to end the intercept; an error after that result tells that the
// intercept has ended elsewhere.

import type { ErrorDescription } from '../errors.ts';
import type { IngestRequest, IngestResult } from './container-messages.ts';
import type {
  InterceptName,
  InterceptRequest,
  InterceptResult,
  LeaveRequest,
  QuitResult,
  ReplaceRequest,
  ReplaceResult,
} from './intercept-messages.ts';
import type { ConnectRequest, ConnectResult } from './network-messages.ts';
import type { SessionReport } from './report-messages.ts';

export type SessionApi = {
  intercept: { arguments: InterceptRequest; result: InterceptResult };
  /** All ports of a target, without condition: one intercept each, all or none. */
  replace: { arguments: ReplaceRequest; result: ReplaceResult };
  /** Environment and files of a container, without an intercept. */
  ingest: { arguments: IngestRequest; result: IngestResult };
  /** The caller holds it: the cluster's network is there until its end. That of the whole laptop: until `quit`. */
  connect: { arguments: ConnectRequest; result: ConnectResult };
  leave: { arguments: LeaveRequest; result: { left: InterceptName[] } };
  status: { arguments: Record<string, never>; result: SessionReport };
  /** Ends intercepts, Session object and process. */
  quit: { arguments: Record<string, never>; result: QuitResult };
};
export type Verb = keyof SessionApi;
/** Those that a command may follow, which then is in the network of the cluster. */
export type HeldVerb = 'intercept' | 'replace' | 'ingest';

/** First line of a connection. */
export type Request<V extends Verb = Verb> = {
  readonly verb: V;
  readonly arguments: SessionApi[V]['arguments'];
  /** A session process of another version or with other credentials makes room for a new one. */
  readonly version: string;
  readonly credentials: string;
  /**
   * Of a command that runs already and has lost its process. Replaces none: commands with different credentials or
   * versions would take the process from each other for ever. Served whatever the credentials, of which there may be
   * newer ones by now; a process of another version answers `makesRoom` and stays. Also of a command that is to replace
   * none: completion, and `quit --all`, which has no credentials.
   */
  readonly again?: true;
};

/** A line of the answer. `makesRoom`: call again on a new process; nothing was done. */
export type Answer<V extends Verb = Verb> =
  | { readonly progress: string }
  /** The caller is to start the root helper, which connects to this socket. */
  | { readonly startHelper: string }
  | { readonly result: SessionApi[V]['result'] }
  | { readonly error: ErrorDescription }
  /** The last line of a call with `hold` that its caller has ended: nothing of the effect is left. */
  | { readonly ended: true }
  | { readonly makesRoom: true };
