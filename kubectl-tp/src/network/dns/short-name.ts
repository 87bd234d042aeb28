// A name of the cluster asked by a short form without the program's search path, as dig and c-ares do. The answer is that
// of the whole name, behind a CNAME that leads there: so the program sees the canonical name that it would see in a pod,
// and records keep the names they are signed and known by.

import { type Answer as DnsRecord, decode, encode } from 'dns-packet';
import { type Answer, parseAnswer } from './answer.ts';
import { labelsOf } from './names.ts';
import { buildQuestion, type Question } from './question.ts';
import { flagsOf } from './wire.ts';

const ALIAS_TTL_SECONDS = 5;

/** Both names are of letters, digits, hyphens and underscores. Throws when the answer cannot be read. */
export function aliasAnswer(question: Question, target: string, answer: Answer): Answer {
  const { questions = [] } = decode(buildQuestion(question, 0));
  const { answers = [], authorities = [], additionals = [] } = decode(answer.message);
  const name = labelsOf(question.name).join('.');
  const alias: DnsRecord = { type: 'CNAME', name, ttl: ALIAS_TTL_SECONDS, data: labelsOf(target).join('.') };
  const message = encode({
    type: 'response',
    flags: flagsOf(answer.message),
    questions,
    // An alias alone looks to c-ares like an answer, not like the lack of one.
    answers: answers.length === 0 ? [] : [alias, ...answers],
    authorities,
    additionals,
  });
  const aliased = parseAnswer(question, message, answer.bornMs);
  if (aliased === undefined) throw new Error('an answer of the cluster does not fit a short name');
  return { ...aliased, lifeMs: answer.lifeMs };
}
