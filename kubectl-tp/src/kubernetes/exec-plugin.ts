// Credentials from a program that the kubeconfig names, as client-go runs it:
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type ExecCredential = {
  readonly token?: string;
  readonly certificate?: Buffer;
  readonly key?: Buffer;
};

export type ExecPlugin = {
  /** Runs the program when there is no credential or it is about to expire; callers at a time share one run. */
  credential(): Promise<ExecCredential>;
  /** The API server has refused what was the credential at `atMs` (Unix time), whatever that said of its end. */
  renew(atMs: number): void;
};

type Wish = {
  apiVersion?: string;
  command?: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  provideClusterInfo?: boolean;
};
type Status = {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
};
type Known = { readonly credential: ExecCredential; readonly staleMs: number };

/** A browser may open and a person log in. */
const TIMEOUT_MS = 5 * 60_000;
/** A request takes a while, and clocks differ. */
const EARLY_MS = 10_000;
const MAX_OUTPUT_BYTES = 1 << 20;
const run = promisify(execFile);

export function createExecPlugin(value: unknown, cluster: Readonly<Record<string, unknown>>): ExecPlugin {
  const wish = value as Wish;
  let known: Promise<Known> | undefined;
  let staleMs = Number.POSITIVE_INFINITY;
  let ranMs = 0;
  return {
    async credential() {
      if (known === undefined || Date.now() >= staleMs) {
        staleMs = Number.POSITIVE_INFINITY;
        ranMs = Date.now();
        known = runPlugin(wish, cluster);
        known.catch(() => {
          known = undefined;
        });
      }
      const current = await known;
      staleMs = current.staleMs;
      return current.credential;
    },
    renew(atMs) {
      // Of requests at a time the first has the program run, for all.
      if (ranMs < atMs) staleMs = 0;
    },
  };
}

async function runPlugin(wish: Wish, cluster: Readonly<Record<string, unknown>>): Promise<Known> {
  const { command = '', args, env, installHint } = wish;
  const variables = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const options = {
    env: { ...process.env, ...variables, KUBERNETES_EXEC_INFO: JSON.stringify(buildInfo(wish, cluster)) },
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    const { stdout } = await run(command, args ?? [], options);
    return parseCredential(stdout);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(`${command}: ${why}${installHint === undefined ? '' : `\n${installHint}`}`, { cause });
  }
}

function buildInfo({ apiVersion, provideClusterInfo }: Wish, cluster: Readonly<Record<string, unknown>>): object {
  const info = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
  };
  return {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(provideClusterInfo ? { cluster: info } : {}) },
  };
}

function parseCredential(text: string): Known {
  const { status } = JSON.parse(text) as { status?: Status };
  if (status === undefined) throw new Error('it gave no credential');
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
  const expiresMs = Date.parse(expirationTimestamp ?? '');
  return {
    credential: {
      ...(token === undefined ? {} : { token }),
      ...(clientCertificateData === undefined ? {} : { certificate: Buffer.from(clientCertificateData) }),
      ...(clientKeyData === undefined ? {} : { key: Buffer.from(clientKeyData) }),
    },
    staleMs: Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs - EARLY_MS,
  };
}
