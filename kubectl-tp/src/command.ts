// What a command is: data for the command line and one short handler that receives its tools.

import type { SessionCaller } from './caller/caller.ts';
import type { Cluster } from './kubernetes/client.ts';
import type { Connection, ConnectionFlags } from './kubernetes/connection.ts';
import type { Printer } from './output/printer.ts';
import type { Progress } from './output/progress.ts';

export type Option = {
  readonly type: 'string' | 'boolean' | 'list';
  readonly describe: string;
  readonly alias?: string;
  readonly choices?: readonly string[];
  /** Name of the value in the help text. */
  readonly value?: string;
  /** Understood but not shown: a spelling that users of other tools have in their fingers. */
  readonly hidden?: boolean;
};
export type Options = Readonly<Record<string, Option>>;

type ValueOf<O extends Option> = O['type'] extends 'boolean'
  ? boolean
  : O['type'] extends 'list'
    ? readonly string[]
    : string | undefined;

/** What the handler gets: the options by name, the positional words, and what stood after `--`. */
export type Arguments<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> } & {
  readonly words: readonly string[];
  readonly childCommand: readonly string[];
};

export type Command<O extends Options> = {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** Positional words as the help text shows them: `NAME`, `[NAME]`, or nothing. */
  readonly words?: 'NAME' | '[NAME]' | '[SHELL]';
  /** Understands `-- CMD`. */
  readonly takesCommand?: boolean;
  readonly options: O;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Hidden from the list of commands. */
  readonly hidden?: boolean;
  /** Resolves with the exit code, 0 if it gives none. Errors are thrown. */
  run(tools: Tools, args: Arguments<O>): Promise<number | undefined>;
};

/** A command whose options the holder does not know. */
export type AnyCommand = Command<Options>;

/** Lets TypeScript read the argument types off the options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

export type Tools = {
  readonly flags: ConnectionFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly printer: Printer;
  readonly progress: Progress;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** The cluster, user and namespace that flags and kubeconfig name. */
  connection(): Promise<Connection>;
  /** The session process of that connection, started if it does not run. */
  session(): Promise<SessionCaller>;
  /** Undefined if none runs; with `resume`, one whose process was killed is started again first. */
  existingSession(options: { resume: boolean }): Promise<SessionCaller | undefined>;
  /** The API server itself, for commands that need no session. */
  cluster(): Promise<Cluster>;
};
