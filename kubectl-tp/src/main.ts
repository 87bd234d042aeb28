// The program: reads the command line, runs one command, turns its end into an exit code.

import { enableCompileCache } from 'node:module';
import { HELPER_PROCESS_WORD, MOUNT_PROCESS_WORD, NAMESPACE_PROCESS_WORD, SESSION_PROCESS_WORD } from './ipc/words.ts';

const [word, ...words] = process.argv.slice(2);

// Compiled code is kept from call to call: a third of the time a command needs to start. Not for root, who must not run
// what others may have put into a shared folder.
if (word !== HELPER_PROCESS_WORD) enableCompileCache();

if (word === SESSION_PROCESS_WORD) {
  const { runSessionProcess } = await import('./session/process.ts');
  await runSessionProcess();
} else if (word === NAMESPACE_PROCESS_WORD) {
  const { runNamespaceProcess } = await import('./network/rootless/namespace-process.ts');
  runNamespaceProcess();
} else if (word === MOUNT_PROCESS_WORD) {
  const { runMountProcess } = await import('./network/rootless/mount-process.ts');
  runMountProcess();
} else if (word === HELPER_PROCESS_WORD) {
  const { runHelperProcess } = await import('./network/helper/helper-process.ts');
  process.exitCode = await runHelperProcess(words);
} else {
  const { runCommandLine } = await import('./run.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
