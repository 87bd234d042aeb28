// The helper's work for one session process: its requests one after another, until either of them ends. Then the laptop
// is as it was before.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describeError, TpError } from '../../errors.ts';
import { readLines, writeLine } from '../../ipc/lines.ts';
import { unlessAborted } from '../../waiting/unless-aborted.ts';
import { createLaptopDns } from './laptop-dns.ts';
import { createLaptopInterface, type LaptopInterface } from './laptop-interface.ts';
import type { HelperAnswer, HelperRequest } from './messages.ts';
import { parseHelperRequest } from './parse-request.ts';
import type { Peer } from './peer.ts';

/** Resolves when everything is undone. The signal ends it, too. */
export async function serveHelper({ socket, uid }: Peer, signal: AbortSignal): Promise<void> {
  const dns = createLaptopDns();
  let made: { readonly laptop: LaptopInterface; readonly server: string } | undefined;

  function perform({ verb, arguments: given }: HelperRequest): HelperAnswer {
    if (verb === 'create') {
      if (made !== undefined) throw refused('there is an interface already');
      const laptop = createLaptopInterface(uid, given.addresses);
      made = { laptop, server: given.addresses.ipv4.gateway };
      return { result: { interface: laptop.interface, hasIpv6: laptop.hasIpv6 } };
    }
    if (made === undefined) throw refused('there is no interface yet');
    const { laptop, server } = made;
    if (verb === 'routes') return { result: { refused: laptop.setRoutes(given.cidrs) } };
    if (verb === 'endDns') {
      dns.stop();
      return { result: {} };
    }
    return { result: { way: dns.start({ ...given, interface: laptop.interface, server }) } };
  }

  const answer = (message: HelperAnswer) => writeLine(socket, message);
  async function serve(): Promise<void> {
    answer({ hello: { pid: process.pid } });
    for await (const line of readLines(socket)) answer(safely(() => perform(parsed(line))));
  }

  // A process that is gone shows as the end of its lines.
  socket.on('error', () => socket.destroy());
  try {
    await unlessAborted(serve(), signal);
  } catch {
    // broken off, something else than lines of JSON, or a signal: served no longer
  } finally {
    // Names first: nobody answers those that are asked for without the interface.
    try {
      dns.stop();
    } finally {
      made?.laptop.remove();
    }
    await sayLast(socket, { ended: true });
  }
}

/** Whether or not somebody is there to hear it. */
export async function sayLast(socket: Socket, message: HelperAnswer): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, 'close').catch(() => undefined);
  writeLine(socket, message);
  socket.end(() => socket.destroy());
  await closed;
}

function parsed(line: unknown): HelperRequest {
  const request = parseHelperRequest(line);
  if (request === undefined) throw refused('it is none of those that a helper does');
  return request;
}

function safely(perform: () => HelperAnswer): HelperAnswer {
  try {
    return perform();
  } catch (error) {
    return { error: describeError(error instanceof TpError ? error : failed(error)) };
  }
}

function refused(why: string): TpError {
  return new TpError('HELPER_FAILED', `The root helper refuses a request: ${why}.`);
}

function failed(cause: unknown): TpError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TpError('HELPER_FAILED', `The root helper can't change this laptop's network: ${why}.`, {
    hint: 'Without changing it: kubectl tp connect -- CMD, or kubectl tp connect --proxy',
    cause,
  });
}
