// What must be known of a pod and an install to start an agent.

import { XdsError } from '../errors.ts';

export type CapturedPort = {
  /** Where the application listens. */
  readonly appPort: number;
  /** Where the agent listens for it. */
  readonly agentPort: number;
};

export type BootstrapOptions = {
  /** None in a pod that connections only leave from. */
  readonly ports: readonly CapturedPort[];
  readonly controlPlane: {
    /** DNS name, which its certificate must have, too. */
    readonly host: string;
    readonly port: number;
    /** The authority of that certificate, PEM. */
    readonly authority: string;
  };
  /** Directory of a projected volume with the files TOKEN_FILE and TOKEN_SECRET_FILE. */
  readonly identityDirectory: string;
  /** Path of Envoy's admin socket, in a directory that the agent may write to. */
  readonly adminSocket: string;
  /** Where a readiness probe can connect without the application noticing; undefined = nowhere. */
  readonly readinessPort?: number;
  /** Pods of the cluster have IPv6 addresses, alone or beside IPv4. */
  readonly ipv6?: boolean;
};

/** Throws XDS_BOOTSTRAP_INVALID: an agent that doesn't start would keep its pod from becoming ready. */
export function assertBootstrapOptions({
  ports,
  controlPlane,
  identityDirectory,
  adminSocket,
  readinessPort,
}: BootstrapOptions): void {
  const numbers = [...ports.flatMap(({ appPort, agentPort }) => [appPort, agentPort]), readinessPort ?? []].flat();
  const faults = [
    !numbers.every(isPort) && `one of the ports ${numbers.join(', ')} is none`,
    new Set(numbers).size < numbers.length && `the ports ${numbers.join(', ')} clash`,
    controlPlane.host === '' && 'the control plane has no host name',
    !isPort(controlPlane.port) && `${controlPlane.port} is no port of a control plane`,
    !controlPlane.authority.includes('-----BEGIN CERTIFICATE-----') && 'the authority is no certificate in PEM',
    ![identityDirectory, adminSocket].every((path) => path.startsWith('/')) && 'paths must begin with a slash',
  ].filter((fault) => fault !== false);
  if (faults.length === 0) return;
  throw new XdsError('XDS_BOOTSTRAP_INVALID', `An agent can't be started like this: ${faults.join('; ')}.`, {
    hint: 'Compare the pod with its annotation kubectl-tp.dev/agent, and report it as a bug.',
  });
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}
