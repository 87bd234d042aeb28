// Answers that are given again for a few seconds, and equal questions that wait for one answer. Bounded in number and
// size: any program may ask for any name.

import type { Answer } from './answer.ts';
import { MAX_CACHED_ANSWERS, MAX_CACHED_BYTES } from './limits.ts';
import type { Question } from './question.ts';
import { RCODE } from './wire.ts';

export type AnswerCache = {
  get(question: Question, nowMs: number): Answer | undefined;
  add(question: Question, answer: Answer): void;
};

export function createAnswerCache(maxAnswers = MAX_CACHED_ANSWERS): AnswerCache {
  /** In the order in which they came, which is about that in which they end. */
  const answers = new Map<string, Answer>();

  function fresh(key: string, nowMs: number): Answer | undefined {
    const answer = answers.get(key);
    return answer !== undefined && nowMs < answer.bornMs + answer.lifeMs ? answer : undefined;
  }

  return {
    get: (question, nowMs) => fresh(keyOf(question), nowMs) ?? fresh(keyOfMissing(question), nowMs),
    add(question, answer) {
      if (answer.lifeMs === 0 || answer.message.length > MAX_CACHED_BYTES) return;
      const isMissing =
        answer.rcode === RCODE.noSuchName && answer.records.every(({ section }) => section !== 'answer');
      const key = isMissing ? keyOfMissing(question) : keyOf(question);
      answers.delete(key);
      const [oldest] = answers.size < maxAnswers ? [] : answers.keys();
      if (oldest !== undefined) answers.delete(oldest);
      answers.set(key, answer);
    },
  };
}

/** Equal for questions with equal answers. */
export function keyOf({ name, type, class: questionClass, wantsDnssec, isUnchecked }: Question): string {
  return name + String.fromCharCode(type, questionClass, (wantsDnssec ? 1 : 0) + (isUnchecked ? 2 : 0));
}

/** A name that does not exist has no records of any type (RFC 2308, 5): it is asked for A and AAAA, but missed once. */
function keyOfMissing(question: Question): string {
  return keyOf({ ...question, type: 0 });
}
