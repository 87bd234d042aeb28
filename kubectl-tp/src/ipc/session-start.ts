// What the CLI gives a new session process to begin with.

import type { Connection } from '../kubernetes/connection.ts';
import type { SessionFiles } from './paths.ts';

/** One JSON document on the new process's standard input. */
export type SessionStart = { readonly connection: Connection; readonly files: SessionFiles };
