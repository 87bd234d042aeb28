// The resolver that the laptop itself would ask: the servers of /etc/resolv.conf, one after another.

import { readFile } from 'node:fs/promises';
import { within } from '../../waiting/within.ts';
import { askServer } from './ask-server.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import { parseResolvConf } from './resolv-conf.ts';
import type { DnsUpstream } from './resolver.ts';
import { flagsOf, RCODE, RCODE_BITS } from './wire.ts';

export type LaptopUpstreamOptions = {
  /** Must not be a file that names the resolver which asks here: it would ask itself. */
  readonly resolvConf?: string;
  /** Read in its place while it is there. */
  readonly instead?: string;
  readonly port?: number;
};

/** The file is read with each question: laptops change networks. It is small, and answers are cached. */
export function createLaptopUpstream({
  resolvConf = '/etc/resolv.conf',
  instead,
  port = 53,
}: LaptopUpstreamOptions = {}): DnsUpstream {
  return async (question, signal) => {
    const text = (instead && (await readText(instead))) ?? (await readText(resolvConf)) ?? '';
    const { servers, timeoutMs, attempts } = parseResolvConf(text);
    const turns = Array.from({ length: attempts }, () => servers).flat();
    // Each gets its turn before the program has given up.
    const turnMs = Math.min(timeoutMs, QUESTION_TIMEOUT_MS / turns.length);
    const refusals = new Map<string, Buffer>();
    const troubles = new Set<string>();
    for (const host of turns) {
      if (refusals.has(host)) continue;
      try {
        const answer = await within(turnMs, 'an answer', (limit) =>
          askServer({ host, port }, question, AbortSignal.any([signal, limit])),
        );
        if (!isRefusal(answer)) return answer;
        refusals.set(host, answer);
      } catch (error) {
        signal.throwIfAborted();
        troubles.add(`${host}: ${error instanceof Error ? error.message : error}`);
      }
    }
    const [refusal] = refusals.values();
    if (refusal !== undefined) return refusal;
    throw new Error(`the laptop's resolver does not answer (${[...troubles].join(', ')})`);
  };
}

const readText = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

/** Another server may do better. */
function isRefusal(answer: Buffer): boolean {
  const rcode = flagsOf(answer) & RCODE_BITS;
  return rcode === RCODE.serverFailure || rcode === RCODE.notImplemented || rcode === RCODE.refused;
}
