// Is somebody listening on a port of this laptop, or of a command's own network there?

import { TpError } from '../../errors.ts';
import type { InterceptRequest } from '../../ipc/intercept-messages.ts';
import { dialLocal, type LocalTarget } from '../../tunnel/local-target.ts';
import type { CallTools } from '../call-tools.ts';

const CONNECT_TIMEOUT_MS = 1000;

/**
 * Without a command something must listen already, or every intercepted request would fall back. A command that is
 * yet to start needs the port for itself.
 */
export async function assertLaptopPort(port: number, hold: boolean): Promise<void> {
  const isOpen = await isTargetOpen({ host: 'localhost', port });
  if (isOpen && hold) {
    throw new TpError('PORT_IN_USE', `Port ${port} of this laptop is in use, so the command can't listen there.`, {
      hint: `End what listens there, choose another port with -p LOCAL, or leave out "-- CMD" if that is your application.`,
    });
  }
  if (!isOpen && !hold) {
    throw new TpError('NOBODY_LISTENS', `Nobody listens on port ${port} of this laptop.`, {
      hint: 'Start your application first, name its port with -p LOCAL, or let it be started: -- CMD\nTo start it later: --env-file FILE, which writes the environment that it needs.',
    });
  }
}

type PortWish = Pick<InterceptRequest, 'hold' | 'fallback'> & {
  /** Its process may be started after the intercept, as one is that is given the environment of this very intercept. */
  readonly mayComeLater: boolean;
};

export async function lookAtLaptopPort(
  port: number,
  { hold, fallback, mayComeLater }: PortWish,
  { progress }: Pick<CallTools, 'progress'>,
): Promise<void> {
  if (hold || !mayComeLater) return assertLaptopPort(port, hold);
  if (await isTargetOpen({ host: 'localhost', port })) return;
  const meanwhile = fallback === 'Pod' ? 'the pod answers' : 'callers get an error';
  progress(`Nobody listens on port ${port} of this laptop yet: until somebody does ${meanwhile}`);
}

export async function isTargetOpen(target: LocalTarget): Promise<boolean> {
  const socket = await dialLocal(target, AbortSignal.timeout(CONNECT_TIMEOUT_MS));
  socket?.destroy();
  return socket !== undefined;
}
