// A question of this relay to the control plane: over TLS that names the control plane's Service, with the token of this
// pod. Throws when there is no answer; why, and what then, is the caller's business.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { ExitName } from '../protocol/index.ts';
import {
  CERTIFICATE_PATH,
  CertificateAnswer,
  type CertificateQuestion,
  EXIT_PATH,
  ExitAnswer,
  REACH_PATH,
  ReachAnswer,
} from '../reach/question.ts';
import { RelayError } from './errors.ts';

/** Each of two attempts; one to a replica that has just ended may hang. */
const ATTEMPT_MS = 2000;
/** Connections to the control plane; more questions than this at once wait for one another. */
const MAX_CONNECTIONS = 8;
/** Shorter than the control plane keeps an idle connection. */
const IDLE_MS = 30_000;
/** The kubelet replaces the token long before it expires. */
const REREAD_AFTER_MS = 60_000;

export type AskControlPlaneOptions = {
  readonly host: string;
  readonly port: number;
  /** DNS name in the control plane's certificate. */
  readonly serverName: string;
  /** The file that the kubelet keeps fresh. */
  readonly tokenFile: string;
  /** PEM: whom the session's own laptop trusts, from its Session; undefined as long as it has none. */
  readonly authorityOf: (session: string) => string | undefined;
  readonly now: () => number;
};

export type ControlPlane = {
  ask(session: string, address: string): Promise<ReachAnswer>;
  /** By which agents connections of a session may leave. */
  askExit(session: string, exit: ExitName): Promise<ExitAnswer>;
  /** For a certificate of this relay by an authority (PEM) that laptops trust. */
  askCertificate(authority: string, question: CertificateQuestion): Promise<CertificateAnswer>;
  close(): void;
};

type Question = { readonly path: string; readonly body: Readonly<Record<string, string>> };
type Attempt = { readonly authority: string; readonly token: string; readonly path: string; readonly body: string };

export function createControlPlane(options: AskControlPlaneOptions): ControlPlane {
  const { host, port, serverName, authorityOf } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_MS });
  const readToken = createTokenReader(options);

  function authorityFor(session: string): string {
    const authority = authorityOf(session);
    if (authority === undefined) throw new RelayError('REACH_UNCHECKED', `Session ${session} has no authority yet.`);
    return authority;
  }

  async function ask<Schema extends TSchema>(
    authority: string,
    { path, body }: Question,
    answer: Schema,
  ): Promise<Static<Schema>> {
    const attempt = { authority, token: await readToken(), path, body: JSON.stringify(body) };
    try {
      return parseAnswer(answer, await send(attempt, agent));
    } catch {
      // A connection that was kept may have ended with its control plane: a new one leads to another replica.
      return parseAnswer(answer, await send(attempt, undefined));
    }
  }

  async function send({ authority, token, path, body }: Attempt, kept: Agent | undefined): Promise<Said> {
    const asked = request({
      ...{ host, port, method: 'POST', path, agent: kept ?? false },
      ...{ ca: authority, servername: serverName, minVersion: 'TLSv1.3' },
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    // Heard below as well, but a connection may also break after its answer.
    asked.on('error', () => undefined);
    asked.end(body);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  return {
    async ask(session, address) {
      return ask(authorityFor(session), { path: REACH_PATH, body: { session, address } }, ReachAnswer);
    },
    async askExit(session, exit) {
      return ask(authorityFor(session), { path: EXIT_PATH, body: { session, ...exit } }, ExitAnswer);
    },
    askCertificate: (authority, body) => ask(authority, { path: CERTIFICATE_PATH, body }, CertificateAnswer),
    close: () => agent.destroy(),
  };
}

type Said = { readonly status: number; readonly body: string };

function parseAnswer<Schema extends TSchema>(schema: Schema, { status, body }: Said): Static<Schema> {
  const answer: unknown = status === 200 ? JSON.parse(body) : undefined;
  if (!Value.Check(schema, answer)) {
    // What is no answer may still hold secrets of gates.
    const said = status === 200 ? 'something that is no answer' : `${status}: ${body.slice(0, 200)}`;
    throw new RelayError('REACH_UNCHECKED', `The control plane answered ${said}`);
  }
  return answer;
}

function createTokenReader({ tokenFile, now }: AskControlPlaneOptions): () => Promise<string> {
  let last: { readonly token: string; readonly readAtMs: number } | undefined;
  return async () => {
    if (last === undefined || now() - last.readAtMs >= REREAD_AFTER_MS) {
      last = { token: (await readFile(tokenFile, 'utf8')).trim(), readAtMs: now() };
    }
    return last.token;
  };
}
