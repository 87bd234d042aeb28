// `web` of the demo's shop serves everybody, so whatever one developer's `orders` answers must not end it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const WEB = fileURLToPath(new URL('../../../lab/demo/shop/web.ts', import.meta.url));
const ORDER = { item: 'teapot' };

/** Address of a `web` whose `orders` is `orders`. */
async function startWeb(t: ExecutionContext, orders: RequestListener): Promise<string> {
  const upstream = createServer(orders).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const env = { ...process.env, PORT: '0', ORDERS: `http://127.0.0.1:${port}/` };
  const web = spawn(process.execPath, [WEB], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => web.kill('SIGKILL'));
  const [line] = (await once(web.stdout, 'data')) as [Buffer];
  return `http://127.0.0.1:${/listens on (\d+)/.exec(line.toString())?.[1]}/`;
}

test('an answer of orders that is no JSON is told with 502, and the next request is served', async (t) => {
  const answers: [status: number, body: string][] = [
    [200, 'hello'],
    [503, 'no laptop'],
    [200, JSON.stringify(ORDER)],
  ];
  const url = await startWeb(t, (_request, response) => {
    const [status, body] = answers.shift() ?? [500, ''];
    response.writeHead(status).end(body);
  });
  for (const got of ['200 and no JSON: hello', '503 and no JSON: no laptop']) {
    const answer = await fetch(url);
    t.is(answer.status, 502);
    t.deepEqual(await answer.json(), { error: `orders answered ${got}` });
  }
  const served = await fetch(url);
  t.is(served.status, 200);
  t.like(await served.json(), { order: ORDER });
});

test('an orders that nobody reaches is told with 502', async (t) => {
  const url = await startWeb(t, (request) => void request.socket.destroy());
  const answer = await fetch(url);
  t.is(answer.status, 502);
  t.deepEqual(await answer.json(), { error: 'socket hang up' });
});
