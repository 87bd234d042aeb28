// What tests let run in a command's own network: `rootless-guest.ts SCENE ARGUMENTS...` prints what it saw as JSON.

import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

type Scene = (...parameters: string[]) => Promise<unknown>;

const SCENES: Readonly<Record<string, Scene>> = {
  /** The code of the error of each connection, or "connected". */
  connect: async (port = '', ...hosts) => Object.fromEntries(await Promise.all(hosts.map((host) => tried(host, port)))),
  /** Until it is ended: a line for each connection that has been answered. */
  async connectOnAndOn(port = '', host = '') {
    for (;;) console.log((await tried(host, port))[1]);
  },
  /** Sends, ends, and reads what comes after that. */
  async halfClose(port = '', host = '') {
    const socket = await dial(host, port);
    socket.end('over');
    return await textOf(socket);
  },
  /** Reads to the end, and speaks after it. */
  async farHalfClose(port = '', host = '') {
    const socket = await dial(host, port);
    const text = await textOf(socket);
    socket.end('after your end');
    await once(socket, 'close');
    return text;
  },
  /** Reads nothing before everything may have been sent and the far side has closed. */
  async slowReader(port = '', host = '') {
    const socket = await dial(host, port);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of socket) {
      hash.update(chunk);
      bytes += chunk.length;
      // The reader does not keep up: each chunk costs it a turn of the event loop and more.
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    return { bytes, sha256: hash.digest('hex') };
  },
  async reset(port = '', host = '') {
    const socket = await dial(host, port);
    socket.write('reset me');
    const [error] = await once(socket, 'error');
    return error.code;
  },
  async crowd(port = '', host = '', count = '') {
    const answers = await Promise.all(
      Array.from({ length: Number(count) }, async (_, index) => {
        const socket = await dial(host, port);
        socket.write(`${index}`);
        const [answer] = await once(socket, 'data');
        return String(answer) === `${index}` ? socket : undefined;
      }),
    );
    for (const socket of answers) socket?.destroy();
    return answers.filter((socket) => socket !== undefined).length;
  },
  /** Says "waiting" once it has `count` silent connections to each host and one of its own; how those to hosts end. */
  async waitAmong(port = '', count = '', ...hosts) {
    const ends: Record<string, number> = {};
    const ownServer = createServer().listen(0);
    await once(ownServer, 'listening');
    // By the address of the interface, yet not over it.
    const own = await dial('192.0.0.1', String((ownServer.address() as AddressInfo).port));
    const sockets = await Promise.all(
      hosts.flatMap((host) => Array.from({ length: Number(count) }, () => dial(host, port))),
    );
    console.log('waiting');
    await Promise.all(
      sockets.map(async (socket) => {
        const end = await once(socket.resume(), 'end').then(() => 'end', codeOf);
        ends[end] = (ends[end] ?? 0) + 1;
      }),
    );
    setImmediate(() => process.exit());
    return { ...ends, own: own.destroyed ? 'ended' : 'open' };
  },
  async datagram(port = '', host = '', size = '') {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.connect(Number(port), host, resolve));
    socket.send(Buffer.alloc(Number(size), 'd'));
    try {
      const [answer] = await once(socket, 'message');
      return answer.length;
    } catch (error) {
      return codeOf(error);
    } finally {
      socket.close();
    }
  },
  async names() {
    const resolver = new Resolver();
    const missing = await resolver.resolve4('nothing.shop.test').catch((error) => error.code);
    return [
      resolver.getServers(),
      await resolver.resolve4('db.shop.test'),
      await resolver.resolve6('db.shop.test'),
      missing,
    ];
  },
};

const [name = '', ...parameters] = process.argv.slice(2);
console.log(JSON.stringify(await SCENES[name]?.(...parameters)));

async function tried(host: string, port: string): Promise<[string, string]> {
  try {
    (await dial(host, port)).destroy();
    return [host, 'connected'];
  } catch (error) {
    return [host, codeOf(error)];
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function dial(host: string, port: string): Promise<Socket> {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) text += chunk;
  return text;
}
