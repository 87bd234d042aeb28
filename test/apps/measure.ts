// A loop over raw sockets, run inside the cluster: node measure.ts '<json of MeasurePlan>'. Each connection asks again as
// soon as it is answered, or at a pace. Prints one line of JSON (`Measured`).

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type MeasurePlan = {
  host: string;
  port: number;
  headers?: Record<string, string>;
} /** `perSecond`: requests of all connections together; without it as many as are answered. */ & (
  | { what: 'keep-alive' | 'fresh'; connections: number; seconds: number; perSecond?: number }
  | { what: 'download' | 'upload'; bytes: number }
);
export type Measured = {
  count: number;
  failed: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  megabytesPerSecond: number;
};

const HEAD_END = '\r\n\r\n';
const PIECE = Buffer.alloc(64 << 10, 'x');
const NOTHING: Measured = { count: 0, failed: 0, perSecond: 0, p50Ms: 0, p99Ms: 0, megabytesPerSecond: 0 };

export async function measure(asked: MeasurePlan): Promise<Measured> {
  // Looked up once: the way is measured, not the cluster's DNS.
  const { address } = await lookup(asked.host);
  const plan = { ...asked, host: address };
  switch (plan.what) {
    case 'keep-alive':
    case 'fresh':
      return measureRequests(plan);
    case 'download':
    case 'upload':
      return measureTransfer(plan);
  }
}

async function measureRequests(plan: MeasurePlan & { what: 'keep-alive' | 'fresh' }): Promise<Measured> {
  const request = buildHead(plan, 'GET', '/');
  const startedAt = performance.now();
  const untilMs = startedAt + plan.seconds * 1000;
  const times: number[] = [];
  let failed = 0;
  const pauseMs = plan.perSecond === undefined ? 0 : (1000 * plan.connections) / plan.perSecond;
  const loop = async (_: unknown, index: number) => {
    let socket: Socket | undefined;
    let nextMs = startedAt + (pauseMs * index) / plan.connections;
    while (performance.now() < untilMs) {
      if (pauseMs > 0) await delay(Math.max(0, nextMs - performance.now()));
      nextMs += pauseMs;
      const from = performance.now();
      try {
        socket ??= await open(plan);
        await ask(socket, request);
        times.push(performance.now() - from);
      } catch {
        failed++;
        socket?.destroy();
        socket = undefined;
      }
      if (plan.what === 'fresh') {
        socket?.destroy();
        socket = undefined;
      }
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: plan.connections }, loop));
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)] ?? 0;
  const perSecond = times.length / ((performance.now() - startedAt) / 1000);
  return { ...NOTHING, count: times.length, failed, perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function measureTransfer(plan: MeasurePlan & { what: 'download' | 'upload' }): Promise<Measured> {
  const socket = await open(plan);
  const startedAt = performance.now();
  if (plan.what === 'download') {
    await ask(socket, buildHead(plan, 'GET', `/${plan.bytes}?bytes=${plan.bytes}`));
  } else {
    const answered = ask(socket, buildHead(plan, 'POST', '/', plan.bytes));
    for (let left = plan.bytes; left > 0; left -= PIECE.length) {
      if (!socket.write(PIECE.subarray(0, Math.min(left, PIECE.length)))) await once(socket, 'drain');
    }
    await answered;
  }
  socket.destroy();
  return { ...NOTHING, count: 1, megabytesPerSecond: plan.bytes / (performance.now() - startedAt) / 1000 };
}

async function open({ host, port }: MeasurePlan): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends and resolves when the whole answer is there. */
function ask(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    let bodyLeft = -1;
    const finish = (error?: Error) => {
      socket.off('data', onData).off('error', finish).off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = () => finish(new Error('closed without an answer'));
    const onData = (bytes: Buffer) => {
      if (bodyLeft < 0) {
        head += bytes.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 200')) return finish(new Error(head.slice(0, head.indexOf('\r'))));
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        bodyLeft = length - (head.length - end - HEAD_END.length);
      } else bodyLeft -= bytes.length;
      if (bodyLeft <= 0) finish();
    };
    socket.on('data', onData).on('error', finish).on('close', onClose);
    socket.write(request);
  });
}

function buildHead({ host, headers = {} }: MeasurePlan, method: string, path: string, length?: number): string {
  const lines = Object.entries({ host, ...headers, ...(length === undefined ? {} : { 'content-length': length }) });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}${HEAD_END}`;
}

if (import.meta.main && process.argv[2]) {
  process.stdout.write(`${JSON.stringify(await measure(JSON.parse(process.argv[2]) as MeasurePlan))}\n`);
  process.exit(0);
}
