// All commands, in the order of the help text.

import type { AnyCommand } from '../command.ts';
import { complete, completion } from './completion.ts';
import { connect } from './connect.ts';
import { env } from './env.ts';
import { ingest } from './ingest.ts';
import { install } from './install.ts';
import { intercept } from './intercept.ts';
import { leave } from './leave.ts';
import { list } from './list.ts';
import { quit } from './quit.ts';
import { replace } from './replace.ts';
import { status } from './status.ts';
import { uninstall } from './uninstall.ts';
import { version } from './version.ts';

export const COMMANDS: readonly AnyCommand[] = [
  intercept,
  replace,
  connect,
  ingest,
  env,
  leave,
  list,
  status,
  quit,
  install,
  uninstall,
  version,
  completion,
  complete,
];
