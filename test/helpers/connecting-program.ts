// A program in the cluster's network that holds one connection on which nothing is said, and makes a new one every
// 100 ms, each in a thread of its own, so that one that hangs keeps no other from being tried.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Person } from './tp.ts';
import { waitFor } from './wait-for.ts';

/** In the machine's time. */
type Attempt = { readonly begunMs: number; readonly endedMs: number; readonly error: string | null };

export type Connecting = {
  readonly attempts: readonly Attempt[];
  /** How the silent connection ended, and when. */
  readonly held: { readonly end: 'open' | 'end' | 'reset' | string; readonly endedMs: number };
};

const ATTEMPT_EVERY_S = 0.1;
const ATTEMPT_TIMEOUT_S = 15;

const SCRIPT = (host: string, seconds: number, sign: string) => `
import json, socket, threading, time
now = lambda: time.time() * 1000
deadline = time.monotonic() + ${seconds}
held = socket.create_connection(("${host}", 80), 5)
held.settimeout(None)
end = {"end": "open", "endedMs": 0}
def watch():
    try:
        how = "end" if held.recv(1) == b"" else "data"
    except ConnectionResetError:
        how = "reset"
    except OSError as error:
        how = str(error)
    end.update(end=how, endedMs=now())
threading.Thread(target=watch, daemon=True).start()
open("${sign}", "w").close()
attempts = []
def ask():
    begun, error = now(), None
    try:
        with socket.create_connection(("${host}", 80), ${ATTEMPT_TIMEOUT_S}) as fresh:
            fresh.settimeout(${ATTEMPT_TIMEOUT_S})
            fresh.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            assert fresh.recv(1) != b"", "no answer"
    except (OSError, AssertionError) as failure:
        error = str(failure)
    attempts.append({"begunMs": begun, "endedMs": now(), "error": error})
threads = []
while time.monotonic() < deadline:
    thread = threading.Thread(target=ask)
    thread.start()
    threads.append(thread)
    time.sleep(${ATTEMPT_EVERY_S})
for thread in threads:
    thread.join()
print(json.dumps({"attempts": attempts, "held": end}))`;

/** `connect -- PROGRAM`, `seconds` long from when this resolves. */
export async function startConnecting(
  person: Person,
  { namespace, host, seconds }: { namespace: string; host: string; seconds: number },
): Promise<{ readonly outcome: Promise<Connecting> }> {
  const sign = join(person.env.HOME ?? '', `holding-${randomUUID()}`);
  const program = ['python3', '-c', SCRIPT(host, seconds, sign)];
  const printed = person.tpOk('connect', '-q', '-n', namespace, '--', ...program);
  // One that ends before it holds its connection has failed.
  await Promise.race([printed, waitFor('the program to hold its connection', () => existsSync(sign))]);
  return { outcome: printed.then((text) => JSON.parse(text) as Connecting) };
}

/** From that time to the first connection that was answered, and to the last that failed although it began later. */
export function recovery({ attempts }: Connecting, sinceMs: number): { firstOkMs: number; lastFailedMs: number } {
  const answered = attempts.filter(({ error, endedMs }) => error === null && endedMs > sinceMs);
  const failed = attempts.filter(({ error, begunMs }) => error !== null && begunMs > sinceMs);
  return {
    firstOkMs: Math.min(...answered.map(({ endedMs }) => endedMs)) - sinceMs,
    lastFailedMs: Math.max(sinceMs, ...failed.map(({ begunMs }) => begunMs)) - sinceMs,
  };
}
