// What answers the DNS questions of programs in the cluster's network: finds out who knows, asks once for all who ask the
// same, and keeps answers for a few seconds. How messages look is the business of the files around.

import { randomInt } from 'node:crypto';
import { within } from '../../waiting/within.ts';
import { type Answer, buildEmptyAnswer, parseAnswer } from './answer.ts';
import { createAnswerCache, keyOf } from './answer-cache.ts';
import { CLUSTER_FIRST_MS, MAX_UNDER_WAY, QUESTION_TIMEOUT_MS } from './limits.ts';
import { labelsOf } from './names.ts';
import { buildOwnAnswer } from './own-answer.ts';
import { buildQuestion, parseQuestion, type Question } from './question.ts';
import { buildFailure, buildRefusal, buildReply } from './reply.ts';
import { createNameRouter, type NameSpace } from './route-name.ts';
import { aliasAnswer } from './short-name.ts';
import { isAnswerTo, RCODE } from './wire.ts';

/** `udp` answers are cut to what the question allows, `tcp` ones are whole. */
export type DnsTransport = 'udp' | 'tcp';

export type Resolver = {
  /**
   * A complete DNS message in, a complete one out (no length in front). Never rejects: trouble is an answer, too. Empty:
   * nothing is to be sent, since what came is no question.
   */
  answer(question: Buffer, transport: DnsTransport): Promise<Buffer>;
};

/** Asks one resolver: the cluster's, or the laptop's. Whole answers, never cut. Rejects when none comes. */
export type DnsUpstream = (question: Buffer, signal: AbortSignal) => Promise<Buffer>;

export type ResolverOptions = NameSpace & {
  readonly cluster: DnsUpstream;
  readonly laptop: DnsUpstream;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
  readonly questionTimeoutMs?: number;
  readonly clusterFirstMs?: number;
};

export function createResolver({
  cluster,
  laptop,
  now = () => performance.now(),
  questionTimeoutMs = QUESTION_TIMEOUT_MS,
  clusterFirstMs = CLUSTER_FIRST_MS,
  ...names
}: ResolverOptions): Resolver {
  const cache = createAnswerCache();
  const underWay = new Map<string, Promise<Answer>>();
  const routeName = createNameRouter(names);

  function find(question: Question): Answer | Promise<Answer> {
    const cached = cache.get(question, now());
    if (cached !== undefined) return cached;
    const key = keyOf(question);
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    if (underWay.size >= MAX_UNDER_WAY) throw new Error('too many questions at a time');
    const found = within(questionTimeoutMs, 'an answer', (signal) => findAnew(question, signal));
    underWay.set(key, found);
    const forget = () => underWay.delete(key);
    found.then((answer) => {
      cache.add(question, answer);
      forget();
    }, forget);
    return found;
  }

  async function findAnew(question: Question, signal: AbortSignal): Promise<Answer> {
    const route = routeName(labelsOf(question.name));
    switch (route.to) {
      case 'cluster':
        return ask(cluster, question, signal);
      case 'laptop':
        return ask(laptop, question, signal);
      case 'search':
        return search(question, route.candidates, signal);
      case 'self':
        return buildOwnAnswer(question, route.addresses, now());
      case 'nobody':
        return buildEmptyAnswer(question, RCODE.noSuchName, now());
    }
  }

  async function search(question: Question, candidates: readonly string[], signal: AbortSignal): Promise<Answer> {
    const inCluster = await within(clusterFirstMs, "the cluster's answer", () => findFirst(question, candidates)).catch(
      asError,
    );
    if (inCluster !== undefined && !(inCluster instanceof Error)) return inCluster;
    const outside = await ask(laptop, question, signal);
    // That the laptop's resolver misses the name says nothing while the cluster may have it.
    if (inCluster !== undefined && outside.rcode === RCODE.noSuchName) throw inCluster;
    return outside;
  }

  /** Undefined: the cluster has none of them. */
  async function findFirst(question: Question, candidates: readonly string[]): Promise<Answer | undefined> {
    for (const name of candidates) {
      const answer = await find({ ...question, name });
      if (answer.rcode === RCODE.noError) return aliasAnswer(question, name, answer);
      if (answer.rcode !== RCODE.noSuchName) throw new Error(`the cluster's resolver fails (result ${answer.rcode})`);
    }
    return undefined;
  }

  async function ask(upstream: DnsUpstream, question: Question, signal: AbortSignal): Promise<Answer> {
    const message = buildQuestion(question, randomInt(0x10000));
    const answer = await upstream(message, signal);
    const parsed = isAnswerTo(message, answer) ? parseAnswer(question, answer, now()) : undefined;
    if (parsed === undefined) throw new Error('another resolver answered something else than it was asked');
    return parsed;
  }

  return {
    async answer(message, transport) {
      const asked = parseQuestion(message);
      if (asked === undefined) return Buffer.alloc(0);
      if ('rcode' in asked) return buildRefusal(asked);
      // RFC 6891, 6.1.3: BADVERS.
      if (asked.edns !== undefined && asked.edns.version > 0) {
        return buildFailure(asked, RCODE.noError, { extendedRcode: 1 });
      }
      try {
        return buildReply(asked, await find(asked), transport, now());
      } catch (error) {
        return buildFailure(asked, RCODE.serverFailure, { trouble: asError(error).message });
      }
    },
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
