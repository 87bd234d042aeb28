// The program: reads the command line, runs one command, turns its end into an exit code.

import { enableCompileCache } from 'node:module';
import { NAMESPACE_PROCESS_WORD, SESSION_PROCESS_WORD } from './session/words.ts';

// Compiled code is kept from call to call: a third of the time a command needs to start.
enableCompileCache();

if (process.argv[2] === SESSION_PROCESS_WORD) {
  const { runSessionProcess } = await import('./session/process.ts');
  await runSessionProcess();
} else if (process.argv[2] === NAMESPACE_PROCESS_WORD) {
  const { runNamespaceProcess } = await import('./network/rootless/namespace-process.ts');
  runNamespaceProcess();
} else {
  const { runCommandLine } = await import('./run.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
