// Questions to the cluster's resolver over one stream.

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import test from 'ava';
import { createDatagramReader, frameDatagram } from '../../../control-plane/src/protocol/index.ts';
import { createQuestions } from '../../../kubectl-tp/src/outbound/questions.ts';
import { dialTcp, startApp } from '../../helpers/loopback.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const never = new AbortController().signal;
const buildQuestion = (id: number, body: string) => {
  const question = Buffer.concat([Buffer.alloc(12), Buffer.from(body)]);
  question.writeUInt16BE(id, 0);
  return question;
};

test('answers find their questions in whatever order they come, also for questions with one id', async (t) => {
  const held: Buffer[] = [];
  const app = await startApp(t, (socket) => {
    socket.on(
      'data',
      createDatagramReader((question) => {
        held.push(Buffer.from(question));
        if (held.length < 3) return;
        for (const each of held.toReversed()) socket.write(frameDatagram(each));
      }),
    );
  });
  const questions = createQuestions(() => dialTcp(app.port));
  t.teardown(() => questions.close());
  const asked = ['a', 'b', 'c'].map((body) => buildQuestion(7, body));
  const answers = await Promise.all(asked.map((question) => questions.ask(question, never)));
  t.deepEqual(answers, asked);
  const ids = new Set(held.map((question) => question.readUInt16BE(0)));
  t.is(ids.size, 3);
});

test('a stream that breaks off before the answer: the question is asked again on another one', async (t) => {
  let connections = 0;
  const app = await startApp(t, (socket) => {
    connections += 1;
    const isFirst = connections === 1;
    const answer = (question: Buffer) => void (isFirst ? socket.end() : socket.write(frameDatagram(question)));
    socket.on('data', createDatagramReader(answer));
  });
  const questions = createQuestions(() => dialTcp(app.port));
  t.teardown(() => questions.close());
  const question = buildQuestion(1, 'again');
  t.deepEqual(await questions.ask(question, never), question);
  t.is(connections, 2);
});

test('an answer that nobody asked for, or that is too short, changes nothing', async (t) => {
  const sockets: Socket[] = [];
  const app = await startApp(t, (socket) => void sockets.push(socket));
  const questions = createQuestions(() => dialTcp(app.port));
  t.teardown(() => questions.close());
  const asking = questions.ask(buildQuestion(1, 'real'), never);
  const socket = await waitFor('a stream', () => sockets[0]);
  socket.on(
    'data',
    createDatagramReader((question) => {
      const forged = Buffer.from(question);
      forged.writeUInt16BE((question.readUInt16BE(0) + 1) % 0x1_0000, 0);
      for (const message of [forged, randomBytes(3), question]) socket.write(frameDatagram(message));
    }),
  );
  t.deepEqual(await asking, buildQuestion(1, 'real'));
});

test('whoever gives up hears why', async (t) => {
  const app = await startApp(t, (socket) => void socket.resume());
  const questions = createQuestions(() => dialTcp(app.port));
  t.teardown(() => questions.close());
  const giveUp = new AbortController();
  const asking = questions.ask(buildQuestion(1, 'slow'), giveUp.signal);
  giveUp.abort(new Error('too late'));
  await t.throwsAsync(asking, { message: 'too late' });
});
