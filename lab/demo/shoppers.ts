// People who use the shop while a developer works: single requests with or without the developer's header, and a
// steady stream of bystanders that counts every failure.

import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

const REQUEST_TIMEOUT_MS = 10_000;
const BYSTANDER_INTERVAL_MS = 50;

export type Answer = { ok: boolean; servedBy: string };
export type Tally = { sent: number; failed: number; servedBy: Map<string, number> };
export type Bystanders = { stop(): Promise<Tally> };

/** One request on a connection of its own. Never throws: a failure is an answer that isn't ok. */
export function shop(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ ok: false, servedBy: error.message });
    const outgoing = request(url, { headers, agent: false, timeout: REQUEST_TIMEOUT_MS }, async (answer) => {
      const body = await text(answer).catch((error: Error) => error.message);
      resolve({ ok: answer.statusCode === 200, servedBy: parseServedBy(body) });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', fail).end();
  });
}

/** `count` requests one after the other, counted by who answered for `orders`. */
export async function shopTimes(count: number, url: string, headers: Record<string, string> = {}): Promise<Tally> {
  const tally: Tally = { sent: 0, failed: 0, servedBy: new Map() };
  for (let index = 0; index < count; index++) add(tally, await shop(url, headers));
  return tally;
}

/** Requests without the header, until stopped. */
export function startBystanders(url: string): Bystanders {
  const tally: Tally = { sent: 0, failed: 0, servedBy: new Map() };
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      add(tally, await shop(url));
      await delay(BYSTANDER_INTERVAL_MS);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await done;
      return tally;
    },
  };
}

/** `20 by pod orders-a, 20 by pod orders-b` */
export function describeTally({ servedBy, failed }: Tally): string {
  const parts = [...servedBy].sort().map(([who, count]) => `${count} by ${who}`);
  return [...parts, `${failed} failed`].join(', ');
}

/** How many answers came from those whose name begins so: `pod ` or `laptop `. */
export function countServedBy(tally: Tally, prefix: string): number {
  return [...tally.servedBy].reduce((sum, [who, count]) => sum + (who.startsWith(prefix) ? count : 0), 0);
}

function add(tally: Tally, answer: Answer): void {
  tally.sent++;
  if (!answer.ok) tally.failed++;
  else tally.servedBy.set(answer.servedBy, (tally.servedBy.get(answer.servedBy) ?? 0) + 1);
}

function parseServedBy(body: string): string {
  try {
    const answer = JSON.parse(body) as { order?: { servedBy?: string } };
    return answer.order?.servedBy ?? body.slice(0, 200);
  } catch {
    return body.slice(0, 200);
  }
}
