// What a Node process still holds when everything that nobody needs is collected. Asked of its inspector, which Node opens
// on SIGUSR1 on the loopback of the process's own network. As a program, run there: node live-heap.ts INSPECTOR-PORT

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { capture } from '../../lab/shell.ts';
import { waitFor } from './wait-for.ts';

/** `heapMb` is what JavaScript's objects need, `externalMb` the memory outside of its heap that they stand for: buffers. */
export type LiveHeap = { readonly heapMb: number; readonly externalMb: number };

/** Where Node has its inspector unless NODE_OPTIONS has another port: `--inspect-port=9000`. */
const INSPECTOR_PORT = 9229;
/** What the first one finds dead can hold something that only the next one finds. */
const COLLECTIONS = 3;
const MB = 1 << 20;

/** Resolves after the collections, which stop the process for some tenths of a second. Its inspector stays open. */
export async function liveHeapOf(pid: number, inspectorPort = INSPECTOR_PORT): Promise<LiveHeap> {
  // Without effect when it is open.
  process.kill(pid, 'SIGUSR1');
  const look = [process.execPath, fileURLToPath(import.meta.url), `${inspectorPort}`];
  return JSON.parse(await capture('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...look]));
}

async function look(port: number): Promise<LiveHeap> {
  const socket = new WebSocket(await waitFor('the inspector', () => findTarget(port)));
  await once(socket, 'open');
  let asked = 0;
  function ask<T>(method: string, params: object = {}): Promise<T> {
    const id = ++asked;
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      socket.addEventListener('close', () => reject(new Error(`${method}: the inspector has closed`)));
      socket.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(data) as { id?: number; result: T; error?: { message: string } };
        if (answer.id !== id) return;
        if (answer.error) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
      });
    });
  }
  for (let round = 0; round < COLLECTIONS; round++) await ask('HeapProfiler.collectGarbage');
  const { usedSize } = await ask<{ usedSize: number }>('Runtime.getHeapUsage');
  const { result } = await ask<{ result: { value: number } }>('Runtime.evaluate', {
    expression: 'process.memoryUsage().external',
  });
  socket.close();
  return { heapMb: usedSize / MB, externalMb: result.value / MB };
}

async function findTarget(port: number): Promise<string | undefined> {
  // Nobody listens yet.
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
  const [target] = ((await answer?.json()) ?? []) as { webSocketDebuggerUrl: string }[];
  return target?.webSocketDebuggerUrl;
}

if (import.meta.main) console.log(JSON.stringify(await look(Number(process.argv[2]))));
