// User and password that programs tell the proxy: how they are drawn, read off an HTTP header, and compared.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type Credentials = { readonly user: string; readonly password: string };

/** Whose password it is says nothing: there is one for each run. */
export const PROXY_USER = 'tp';
/** RFC 1929, 2: lengths are one byte. */
export const MAX_PASSWORD_BYTES = 255;
/** 144 bits: nobody guesses them. */
const DRAWN_BYTES = 18;

export function drawCredentials(): Credentials {
  return { user: PROXY_USER, password: randomBytes(DRAWN_BYTES).toString('base64url') };
}

/** Takes the same time for each wrong password. Without `wanted`, whoever reaches the port is let in. */
export function isLetIn(wanted: Credentials | undefined, told: Credentials | undefined): boolean {
  if (wanted === undefined) return true;
  return told !== undefined && timingSafeEqual(digestOf(wanted), digestOf(told));
}

/** Of `Proxy-Authorization: Basic ...` (RFC 7617, 2); undefined for anything else. */
export function parseBasic(header: string | undefined): Credentials | undefined {
  const [, encoded] = /^basic +([\w+/=-]+) *$/i.exec(header ?? '') ?? [];
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Of equal length for all, as the comparison needs it. */
function digestOf({ user, password }: Credentials): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([user, password]))
    .digest();
}
