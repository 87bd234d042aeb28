// Who is behind a unix socket's path: the CLI starts a session process where nobody is, and such a process ends where
// there is one already.

import { once } from 'node:events';
import { connect } from 'node:net';

/** Whether a process accepts connections on the socket; a file left by a killed one refuses them. */
export async function isAnswering(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // no such file, or nobody behind it: both mean that no process runs
  } finally {
    socket.destroy();
  }
}
