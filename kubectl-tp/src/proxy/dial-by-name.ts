// Connects to what a program names: looks the name up and tries its addresses, one after another.

import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { DialError, type Dialer } from '../outbound/dialer.ts';

/** Where a program wants to go; `host` is a name or an address. */
export type Destination = { readonly host: string; readonly port: number };

export type Way = {
  readonly dialer: Dialer;
  /** Empty: there is no such name. Rejects when nobody could be asked. */
  readonly lookup: (name: string) => Promise<string[]>;
};

/** Each may take its time; a program waits no longer than for a few. */
const MAX_ADDRESSES = 4;

/** For one program, and only while it waits: gives up when `program` closes. Throws DialError, or an AbortError. */
export async function dialFor(program: EventEmitter, way: Way, to: Destination): Promise<Duplex> {
  const gone = new AbortController();
  const giveUp = () => gone.abort();
  program.once('close', giveUp);
  try {
    return await dialByName(way, to, gone.signal);
  } finally {
    program.off('close', giveUp);
  }
}

async function dialByName({ dialer, lookup }: Way, to: Destination, signal: AbortSignal): Promise<Duplex> {
  const addresses = await lookupOrFail(lookup, to.host);
  let failure: unknown;
  for (const host of addresses.slice(0, MAX_ADDRESSES)) {
    signal.throwIfAborted();
    try {
      return await dialer.connect({ host, port: to.port }, signal);
    } catch (error) {
      failure = error;
    }
  }
  signal.throwIfAborted();
  throw failure;
}

/** At least one. Throws DialError. */
export async function lookupOrFail(lookup: Way['lookup'], name: string): Promise<string[]> {
  const addresses = await lookup(name).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DialError('unreachable', reason, { cause });
  });
  if (addresses.length > 0) return addresses;
  throw new DialError('unreachable', `nobody knows the name ${name}, neither in the cluster nor outside`);
}
