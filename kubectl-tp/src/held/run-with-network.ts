// Runs a command in a network of its own that is the cluster's, without root.

import type { Tools } from '../command.ts';
import type { ConnectRequest } from '../ipc/network-messages.ts';
import { startCommandNetwork } from './command-network.ts';
import { describeNetwork } from './inside-text.ts';
import { runWhileHeld } from './run-while-held.ts';

export type NetworkRun = {
  readonly tools: Tools;
  readonly wish: Omit<ConnectRequest, 'entry'>;
  readonly command: readonly string[];
};

/** Resolves with the command's exit code. */
export async function runWithNetwork({ tools, wish, command }: NetworkRun): Promise<number> {
  const starting = startCommandNetwork(wish.namespace);
  const [session, namespace] = await Promise.all([tools.session(), starting]).catch(async (error) => {
    await starting.then(({ close }) => close()).catch(() => undefined); // it never was there
    throw error;
  });
  const request: ConnectRequest = { ...wish, entry: { kind: 'namespace', descriptors: namespace.descriptors } };
  try {
    return await runWhileHeld({
      session,
      verb: 'connect',
      request,
      again: () => request,
      tools,
      async start(result) {
        for (const line of describeNetwork(result)) tools.progress.step(line);
        return { exited: namespace.run(command, tools.env), kill: namespace.kill };
      },
    });
  } finally {
    await namespace.close();
  }
}
