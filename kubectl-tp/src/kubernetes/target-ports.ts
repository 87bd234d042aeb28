// Which ports of a target `replace` takes, and to which port of the laptop each goes. Pure.

import { TpError } from '../errors.ts';
import type { Service, Workload } from './objects.ts';
import { findByWord, isTcp, wordsOfPort } from './port-words.ts';

export type TargetPort = {
  /** As an Intercept names it. */
  readonly port: string;
  /** What people may call it. */
  readonly words: readonly string[];
};
export type PortWish = { readonly laptopPort: number; readonly remotePort?: string };
export type PortPair = { readonly remotePort: string; readonly laptopPort?: number };

type Found = { readonly service: Service } | { readonly workload: Workload };

/** TCP only, since nothing else can be intercepted. Of a workload those of one container, if it is named. */
export function targetPorts(found: Found, container?: string): readonly TargetPort[] {
  if ('workload' in found) {
    return found.workload.spec.template.spec.containers
      .filter(({ name }) => container === undefined || name === container)
      .flatMap(({ ports = [] }) => ports)
      .filter(isTcp)
      .map(({ name, containerPort }) => ({ port: String(containerPort), words: wordsOfPort(name, containerPort) }));
  }
  const ports = (found.service.spec.ports ?? []).filter(isTcp);
  // Two ports of a Service that lead to one of the pod are one to the agent.
  const byTarget = new Map(ports.map((port) => [port.targetPort ?? port.port, port]));
  return [...byTarget.values()].map(({ name, port, targetPort = port }) => ({
    port: String(port),
    words: wordsOfPort(name, port, targetPort),
  }));
}

/** Ports that nobody mentions keep their number. Throws PORT_NOT_FOUND, PORT_AMBIGUOUS, BAD_PORT. */
export function pairPorts(
  ports: readonly TargetPort[],
  wishes: readonly PortWish[],
  what: string,
): readonly PortPair[] {
  const list = ports.map(({ words: [first] }) => first).join(', ') || 'none';
  const chosen = new Map<string, number>();
  for (const { laptopPort, remotePort } of wishes) {
    if (remotePort === undefined && ports.length > 1) throw ambiguous(what, list, laptopPort);
    const found = remotePort === undefined ? ports[0] : findByWord(ports, remotePort);
    if (found === undefined) throw notFound(what, list, remotePort);
    chosen.set(found.port, laptopPort);
  }
  const taken = [...chosen.values()];
  const twice = taken.find((port, at) => taken.indexOf(port) !== at);
  if (twice !== undefined) {
    throw new TpError('BAD_PORT', `Two ports of ${what} can't both come to port ${twice} of this laptop.`, {
      hint: 'Give each its own: -p 8080:http -p 8081:grpc',
    });
  }
  if (ports.length === 0) throw notFound(what, list);
  return ports.map(({ port }) => {
    const laptopPort = chosen.get(port);
    return { remotePort: port, ...(laptopPort === undefined ? {} : { laptopPort }) };
  });
}

function notFound(what: string, list: string, word?: string): TpError {
  const port = word === undefined ? 'TCP port' : `TCP port ${word}`;
  return new TpError('PORT_NOT_FOUND', `${what} has no ${port}. It has: ${list}.`, {
    hint: 'Choose one of them: -p LOCAL:REMOTE. Only TCP ports can come to a laptop.',
  });
}

function ambiguous(what: string, list: string, laptopPort: number): TpError {
  return new TpError('PORT_AMBIGUOUS', `${what} has several ports: ${list}. Which comes to port ${laptopPort}?`, {
    hint: 'Say it for each that shall not keep its number: -p LOCAL:REMOTE',
  });
}
