// The laptop's identity: a name and a private key that never leaves it, in a file only its owner can read. It outlives
// the session process, so that a restart is the same session to the cluster and serves what it served before.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { sessionNameFor } from '@kubectl-tp/control-plane/protocol';
import { writePrivateFile } from '../write-private-file.ts';

export type Identity = {
  /** Name of the Session object. */
  readonly session: string;
  readonly privateKey: KeyObject;
  /** PEM, as the Session object holds it. */
  readonly publicKey: string;
  /** Where this session has made intercepts: a user may not be allowed to look for them in all namespaces. */
  readonly namespaces: readonly string[];
  /** The port of this laptop that each intercept was asked for, by the intercept's uid. */
  readonly ports: Ports;
};
export type Ports = Readonly<Record<string, number>>;

type StoredIdentity = { session: string; privateKey: string; namespaces: string[]; ports: Ports };

/** Undefined when there is none or the file is damaged: then a new identity does. */
export async function loadIdentity(path: string): Promise<Identity | undefined> {
  try {
    const stored = parseStored(JSON.parse(await readFile(path, 'utf8')));
    return buildIdentity(stored.session, createPrivateKey(stored.privateKey), stored);
  } catch {
    return undefined; // the cluster forgets a session whose key is lost by itself
  }
}

export function createIdentity(): Identity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return buildIdentity(sessionNameFor(userPart(), exportPublicKey(privateKey)), privateKey, {
    namespaces: [],
    ports: {},
  });
}

export async function saveIdentity(path: string, identity: Identity): Promise<void> {
  const privateKey = identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { session, namespaces, ports } = identity;
  const stored: StoredIdentity = { session, privateKey, namespaces: [...namespaces], ports };
  await writePrivateFile(path, JSON.stringify(stored));
}

export async function removeIdentity(path: string): Promise<void> {
  await rm(path, { force: true });
}

function buildIdentity(
  session: string,
  privateKey: KeyObject,
  { namespaces, ports }: Pick<Identity, 'namespaces' | 'ports'>,
): Identity {
  return { session, privateKey, publicKey: exportPublicKey(privateKey), namespaces, ports };
}

function exportPublicKey(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

/** The user's name on the laptop makes a session recognisable; the name is part of DNS names, hence the characters. */
function userPart(): string {
  const clean = userName()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replaceAll(/^-+|-+$/g, '');
  return clean === '' ? 'laptop' : clean;
}

/** Empty for a user whom the machine has no name for, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

function parseStored(value: unknown): StoredIdentity {
  const { session, privateKey, namespaces, ports = {} } = value as Partial<StoredIdentity>;
  if (typeof session !== 'string' || typeof privateKey !== 'string' || !Array.isArray(namespaces)) {
    throw new Error('not an identity');
  }
  const known = Object.entries(ports).filter(([, port]) => Number.isInteger(port));
  return { session, privateKey, namespaces: namespaces.map(String), ports: Object.fromEntries(known) };
}
