import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { PODS } from '../../../control-plane/src/api/index.ts';
import {
  createKubernetesClient,
  isForbidden,
  type KubernetesObject,
  type WatchEvent,
} from '../../../control-plane/src/kubernetes/index.ts';
import { readJsonLines } from '../../../control-plane/src/kubernetes/json-lines.ts';
import { refuse, startFakeApi } from '../../helpers/fake-api.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SHOP_PODS = '/api/v1/namespaces/shop/pods';
const pod = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, namespace: 'shop', labels } });

async function start(t: ExecutionContext) {
  const api = await startFakeApi();
  t.teardown(api.close);
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const troubles: Error[] = [];
  const options = { signal: stop.signal, onTrouble: (error: Error) => troubles.push(error) };
  const watch = createKubernetesClient(api.kubeConfig).watch<KubernetesObject>(PODS, options);
  const events = watch[Symbol.asyncIterator]();
  const next = async () => summarize((await events.next()).value);
  return { api, stop, troubles, events, next, lists: () => countLists(api.requests) };
}

/** `listed a b`, `changed a`, `deleted a`; `ended` after the signal. */
function summarize(event: WatchEvent<KubernetesObject> | undefined): string {
  if (event === undefined) return 'ended';
  const objects = event.type === 'listed' ? event.objects : [event.object];
  return [event.type, ...objects.map(({ metadata }) => metadata.name)].join(' ');
}

function countLists(requests: readonly string[]): number {
  return requests.filter((request) => !request.includes('watch=true')).length;
}

async function watching(api: { watches: ReadonlySet<{ response: ServerResponse }> }): Promise<ServerResponse> {
  const [watch] = await waitFor('a watch', () => api.watches.size > 0 && [...api.watches], 5000);
  if (watch === undefined) throw new Error('no watch');
  return watch.response;
}

test('a list, then every change', async (t) => {
  const { api, next } = await start(t);
  api.put(SHOP_PODS, pod('a'));
  t.is(await next(), 'listed a');
  const changed = next();
  await watching(api);
  api.put(SHOP_PODS, pod('b'));
  t.is(await changed, 'changed b');
  api.put(SHOP_PODS, pod('a', { x: 'y' }));
  t.is(await next(), 'changed a');
  api.remove(SHOP_PODS, 'b');
  t.is(await next(), 'deleted b');
});

test('a connection cut in the middle of a line resumes without a new list, and nothing is lost or doubled', async (t) => {
  const { api, next, lists, troubles } = await start(t);
  t.is(await next(), 'listed');
  const first = next();
  const response = await watching(api);
  api.put(SHOP_PODS, pod('a'));
  t.is(await first, 'changed a');
  const second = next();
  response.write('{"type":"ADDED","object":{"metadata":{"name":"half');
  setImmediate(() => response.destroy());
  await waitFor('the cut', () => api.watches.size === 0, 5000);
  api.put(SHOP_PODS, pod('b'));
  t.is(await second, 'changed b');
  t.is(lists(), 1);
  t.is(troubles.length, 1);
});

test('a watch that the API server ends in order resumes where it stopped', async (t) => {
  const { api, next, lists, troubles } = await start(t);
  t.is(await next(), 'listed');
  const changed = next();
  (await watching(api)).end();
  api.put(SHOP_PODS, pod('a'));
  t.is(await changed, 'changed a');
  t.is(lists(), 1);
  t.deepEqual(troubles, []);
});

test('a bookmark moves the place to resume from', async (t) => {
  const { api, next } = await start(t);
  t.is(await next(), 'listed');
  const changed = next();
  const response = await watching(api);
  response.end(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '77' } } })}\n`);
  await waitFor('the next watch', () => api.requests.some((request) => request.includes('resourceVersion=77')), 5000);
  api.put(SHOP_PODS, pod('a'));
  t.is(await changed, 'changed a');
});

test('a version that is too old leads to a new list: by status 410 and by an error line', async (t) => {
  const { api, next, lists, troubles } = await start(t);
  t.is(await next(), 'listed');
  const relisted = next();
  const response = await watching(api);
  api.forgetHistory();
  response.end();
  t.is(await relisted, 'listed');
  const again = next();
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
  (await watching(api)).end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  t.is(await again, 'listed');
  t.is(lists(), 3);
  t.deepEqual(troubles, [], 'an old version is no trouble');
});

test('objects that went away while nobody watched are absent from the new list', async (t) => {
  const { api, next } = await start(t);
  api.put(SHOP_PODS, pod('a'));
  api.put(SHOP_PODS, pod('b'));
  t.is(await next(), 'listed a b');
  const relisted = next();
  const response = await watching(api);
  response.destroy();
  await waitFor('the cut', () => api.watches.size === 0, 5000);
  api.remove(SHOP_PODS, 'a');
  api.forgetHistory();
  t.is(await relisted, 'listed b');
});

test('a line that comes byte by byte, and several lines at once', async (t) => {
  const { api, next } = await start(t);
  t.is(await next(), 'listed');
  const first = next();
  const response = await watching(api);
  const line = (name: string) => `${JSON.stringify({ type: 'ADDED', object: pod(name) })}\n`;
  for (const byte of Buffer.from(line('slow-ö'))) {
    response.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  t.is(await first, 'changed slow-ö');
  response.write(line('b') + line('c'));
  t.is(await next(), 'changed b');
  t.is(await next(), 'changed c');
});

test('a missing right is told and tried again', async (t) => {
  const { api, next, troubles } = await start(t);
  let refusals = 0;
  api.intercept = (_request, response) => {
    refusals += 1;
    if (refusals > 2) return false;
    refuse(response, 403, 'Forbidden', 'not you');
    return true;
  };
  t.is(await next(), 'listed');
  t.is(troubles.filter(isForbidden).length, 2);
});

test('the signal ends it, also in the middle of a silent watch', async (t) => {
  const { api, next, stop, troubles } = await start(t);
  t.is(await next(), 'listed');
  const ended = next();
  await watching(api);
  stop.abort();
  t.is(await ended, 'ended');
  t.deepEqual(troubles, []);
  await waitFor('the connection to be closed', () => api.watches.size === 0, 5000);
});

test('leaving the loop closes the connection', async (t) => {
  const { api, next, events } = await start(t);
  t.is(await next(), 'listed');
  const changed = next();
  await watching(api);
  api.put(SHOP_PODS, pod('a'));
  await changed;
  await events.return?.();
  await waitFor('the connection to be closed', () => api.watches.size === 0, 5000);
});

test('with narrow the events carry what it makes of each object', async (t) => {
  const { api } = await start(t);
  api.put(SHOP_PODS, pod('a'));
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const narrow = ({ metadata }: KubernetesObject) => metadata.name;
  const client = createKubernetesClient(api.kubeConfig);
  for await (const event of client.watch<KubernetesObject, string>(PODS, { signal: stop.signal, narrow })) {
    t.like(event, { type: 'listed', objects: ['a'] });
    break;
  }
});

test('law: lines are the same however the bytes are cut', async (t) => {
  const values = fc.array(fc.record({ a: fc.string(), b: fc.string({ unit: 'binary' }) }));
  await fc.assert(
    fc.asyncProperty(values, fc.array(fc.nat({ max: 30 })), async (expected, cuts) => {
      const bytes = Buffer.from(expected.map((value) => `${JSON.stringify(value)}\n`).join(''));
      const actual: unknown[] = [];
      for await (const value of readJsonLines(cutAt(bytes, cuts))) actual.push(value);
      t.deepEqual(actual, expected);
    }),
    { numRuns: 50 },
  );
});

async function* cutAt(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const length of lengths) {
    yield bytes.subarray(start, start + length);
    start += length;
  }
  yield bytes.subarray(start);
}
