// What Envoy, or the way to the laptop, could not do with an agent's configuration. Found here so that one bad
// intercept is left out and named, instead of Envoy refusing all that came with it.

import { isIP } from 'node:net';
import type { AgentConfig, AgentPort, Exit, Gate, InterceptRoute, Tunnel } from './agent-config.ts';

export type Problem = {
  /** What is left out because of it; `agent` means everything. */
  readonly subject: 'agent' | 'port' | 'intercept' | 'session' | 'relay' | 'gate';
  /** Number of the port, id of the intercept, name of the session, address of the relay, number of the gate's port. */
  readonly name: string;
  readonly message: string;
};

export const MAX_PORTS = 16;
export const MAX_INTERCEPTS_PER_PORT = 256;
/** Each is two filter chains. */
export const MAX_EXITS = 64;
export const MAX_HEADERS_PER_INTERCEPT = 16;
const MAX_HEADER_VALUE_BYTES = 4096;

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
/** Headers that never reach a route as the caller sent them. */
const RESERVED_HEADER = /^(x-tp-|x-forwarded-proto$)/;
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** 32 bytes in base64url (RFC 4648 section 5). */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const ID = /^[a-z0-9][a-z0-9./-]{0,319}$/;

/** Never throws; an empty list means that all of it works. */
export function validateAgentConfig(config: AgentConfig): Problem[] {
  const { ports, tunnels, gate } = config;
  const sessions = new Set(tunnels.map(({ session }) => session));
  const intercepts = ports.flatMap((port) => port.intercepts);
  return [
    ...validateAgent(config),
    ...ports.flatMap(validatePort),
    ...findRepeated('port', ports, nameOfPort, ({ appPort }) => `port ${appPort}`),
    ...findRepeated('port', ports, nameOfPort, ({ agentPort }) => `agent port ${agentPort}`),
    ...findSurplus('port', ports, nameOfPort, MAX_PORTS),
    ...intercepts.flatMap((intercept) => validateIntercept(intercept, sessions)),
    ...findRepeated('intercept', intercepts, nameOfIntercept, ({ id }) => `intercept ${id}`),
    ...ports.flatMap((port) => findSurplus('intercept', port.intercepts, nameOfIntercept, MAX_INTERCEPTS_PER_PORT)),
    ...tunnels.flatMap(validateTunnel),
    ...findRepeated('session', tunnels, nameOfTunnel, ({ session }) => `session ${session}`),
    ...(gate === undefined ? [] : validateGateAndExits(gate, ports)),
  ];
}

const nameOfPort = ({ appPort }: AgentPort): string => String(appPort);
const nameOfIntercept = ({ id }: InterceptRoute): string => id;
const nameOfTunnel = ({ session }: Tunnel): string => session;

export function validateAgent({ node, podIp }: AgentConfig): Problem[] {
  return toProblems('agent', node, [!isIP(podIp) && `"${podIp}" is no IP address`]);
}

export function validatePort({ appPort, agentPort }: AgentPort): Problem[] {
  return toProblems('port', String(appPort), [
    !isPort(appPort) && `${appPort} is no port number`,
    !isPort(agentPort) && `the agent's ${agentPort} is no port number`,
    appPort === agentPort && 'the agent would take the port away from the application',
  ]);
}

/** `sessions`: those that have a tunnel, even one without relays. */
export function validateIntercept(intercept: InterceptRoute, sessions: ReadonlySet<string>): Problem[] {
  const { id, session, serverName, headers } = intercept;
  const messages = [
    !ID.test(id) && `"${id}" is no <namespace>/<name>`,
    !sessions.has(session) && `its session "${session}" has no tunnel`,
    !DNS_NAME.test(serverName) && `"${serverName}" is no DNS name`,
    headers.length > MAX_HEADERS_PER_INTERCEPT &&
      `it asks for ${headers.length} headers, ${MAX_HEADERS_PER_INTERCEPT} is the most`,
    ...headers.map(({ name, value }) => findHeaderFault(name, value)),
  ];
  return toProblems('intercept', id, messages);
}

function findHeaderFault(name: string, value: string): string | false {
  if (!HEADER_NAME.test(name)) return `"${name}" is no header name in lower case`;
  if (RESERVED_HEADER.test(name)) return `header ${name} can't be matched: agents write it themselves`;
  if (hasControlCharacter(value)) return `the value of header ${name} has control characters`;
  if (value !== value.trim())
    return `the value of header ${name} begins or ends with a space, so no request can have it`;
  if (!value.isWellFormed()) return `the value of header ${name} is not Unicode`;
  return Buffer.byteLength(value) > MAX_HEADER_VALUE_BYTES && `the value of header ${name} is too long`;
}

export function validateTunnel({ session, peerName, relays }: Tunnel): Problem[] {
  return [
    ...toProblems('session', session, [
      !DNS_NAME.test(session) && `"${session}" is no session name`,
      !DNS_NAME.test(peerName) && `"${peerName}" is no DNS name`,
    ]),
    ...relays
      .filter((relay) => !isRelay(relay))
      .flatMap(({ address, port }) => toProblems('relay', `${address}:${port}`, ['it is no IP address and port'])),
  ];
}

function validateGateAndExits(gate: Gate, ports: readonly AgentPort[]): Problem[] {
  const nameOfExit = ({ id }: Exit): string => id;
  return [
    ...validateGate(gate, ports),
    ...gate.exits.flatMap(validateExit),
    ...findRepeated('intercept', gate.exits, nameOfExit, ({ id }) => `intercept ${id}`),
    ...findSurplus('intercept', gate.exits, nameOfExit, MAX_EXITS),
  ];
}

export function validateGate({ port, proofAddress, secretType }: Gate, ports: readonly AgentPort[]): Problem[] {
  const taken = ports.some(({ appPort, agentPort }) => appPort === port || agentPort === port);
  return toProblems('gate', String(port), [
    !isPort(port) && `${port} is no port number`,
    !isIP(proofAddress) && `"${proofAddress}" is no IP address`,
    !isByte(secretType) && `${secretType} is no type of a TLV`,
    taken && `port ${port} is taken by the application or by the agent`,
  ]);
}

export function validateExit({ id, secret, peerName }: Exit): Problem[] {
  return toProblems('intercept', id, [
    !ID.test(id) && `"${id}" is no <namespace>/<name>`,
    !SECRET.test(secret) && 'its secret is none',
    !DNS_NAME.test(peerName) && `"${peerName}" is no DNS name`,
  ]);
}

export function isRelay({ address, port }: Tunnel['relays'][number]): boolean {
  return isIP(address) !== 0 && isPort(port);
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

function hasControlCharacter(value: string): boolean {
  return [...value].some((character) => character < ' ' || character === '\x7f');
}

function findRepeated<T>(
  subject: Problem['subject'],
  items: readonly T[],
  nameOf: (item: T) => string,
  keyOf: (item: T) => string,
): Problem[] {
  const keys = items.map(keyOf);
  const repeated = items.filter((item, index) => keys.indexOf(keyOf(item)) !== index);
  return repeated.map((item) => ({ subject, name: nameOf(item), message: `the ${keyOf(item)} is there already` }));
}

function findSurplus<T>(
  subject: Problem['subject'],
  items: readonly T[],
  nameOf: (item: T) => string,
  most: number,
): Problem[] {
  const message = `${items.length} of its kind are too many, ${most} is the most`;
  return items.slice(most).map((item) => ({ subject, name: nameOf(item), message }));
}

function toProblems(subject: Problem['subject'], name: string, messages: readonly (string | false)[]): Problem[] {
  return messages.filter((message) => message !== false).map((message) => ({ subject, name, message }));
}
