// What one program may cost: names in memory, questions at a time.

import { connect } from 'node:net';
import test from 'ava';
import { decode, encode } from 'dns-packet';
import { frameDatagram } from '../../../control-plane/src/protocol/index.ts';
import { type Answer, parseAnswer } from '../../../kubectl-tp/src/network/dns/answer.ts';
import { createAnswerCache } from '../../../kubectl-tp/src/network/dns/answer-cache.ts';
import { readFrames } from '../../../kubectl-tp/src/network/dns/dns-frames.ts';
import { MAX_CACHED_BYTES, MAX_PER_STREAM, MAX_UNDER_WAY } from '../../../kubectl-tp/src/network/dns/limits.ts';
import { type Asked, parseQuestion } from '../../../kubectl-tp/src/network/dns/question.ts';
import { createResolver, type Resolver } from '../../../kubectl-tp/src/network/dns/resolver.ts';
import { buildTestQuestion, createTestResolver, rcodeOf, serveResolver } from '../../helpers/ask-resolver.ts';

function questionFor(name: string): Asked {
  const question = parseQuestion(buildTestQuestion({ name }));
  if (question === undefined || 'rcode' in question) throw new Error('not a question');
  return question;
}

function answerOf(name: string, addresses: number): Answer {
  const answers = Array.from({ length: addresses }, () => ({ type: 'A' as const, name, ttl: 5, data: '10.0.0.1' }));
  const message = encode({ type: 'response', questions: [{ type: 'A', name }], answers });
  const answer = parseAnswer(questionFor(name), message, 0);
  if (answer === undefined) throw new Error('not an answer');
  return answer;
}

test('the cache holds so many answers, and the oldest goes first', (t) => {
  const cache = createAnswerCache(2);
  for (const name of ['a', 'b', 'a', 'c']) cache.add(questionFor(name), answerOf(name, 1));
  t.deepEqual(
    ['a', 'b', 'c'].map((name) => cache.get(questionFor(name), 0) !== undefined),
    [true, false, true],
  );
});

test('an answer that is too large is not kept', (t) => {
  const cache = createAnswerCache();
  const count = MAX_CACHED_BYTES / 17;
  cache.add(questionFor('x'), answerOf('x', count - 10));
  cache.add(questionFor('y'), answerOf('y', count + 10));
  t.true(cache.get(questionFor('x'), 0) !== undefined);
  t.is(cache.get(questionFor('y'), 0), undefined);
});

test('more questions at a time than anybody has fail at once, and others are answered again afterwards', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { resolver: plain } = createTestResolver();
  const upstream = async (message: Buffer) => {
    await released;
    return plain.answer(message, 'tcp');
  };
  const resolver = createResolver({
    clusterDomain: 'cluster.local',
    namespace: 'team-a',
    isClusterAddress: () => false,
    ownNames: new Map(),
    cluster: upstream,
    laptop: upstream,
  });
  const ask = async (name: string) => rcodeOf(decode(await resolver.answer(buildTestQuestion({ name }), 'udp')));
  const held = Array.from({ length: MAX_UNDER_WAY }, (_, index) => ask(`n${index}.a.b.example.com`));
  t.is(await ask('one.more.a.example.com'), 2);
  release();
  t.true((await Promise.all(held)).every((rcode) => rcode === 3));
  t.is(await ask('one.more.a.example.com'), 3);
});

test('one TCP connection has so many questions at a time; all are answered', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { resolver: plain } = createTestResolver();
  let atATime = 0;
  let most = 0;
  const resolver: Resolver = {
    async answer(question, transport) {
      atATime += 1;
      most = Math.max(most, atATime);
      if (most === MAX_PER_STREAM) setImmediate(release);
      await released;
      atATime -= 1;
      return plain.answer(question, transport);
    },
  };
  const socket = connect({ port: await serveResolver(t, resolver), host: '127.0.0.1', allowHalfOpen: true });
  const count = MAX_PER_STREAM * 2;
  const questions = Array.from({ length: count }, (_, id) =>
    frameDatagram(buildTestQuestion({ name: 'localhost', id })),
  );
  socket.end(Buffer.concat(questions));
  const ids = new Set<number | undefined>();
  for await (const answer of readFrames(socket)) ids.add(decode(answer).id);
  t.is(ids.size, count);
  t.is(most, MAX_PER_STREAM);
});
