// What the translator makes of a state: the agents' configurations and the intercepts' conditions.

import { Document, visit } from 'yaml';
import type { AgentReport } from '../../../control-plane/src/api/index.ts';
import { translate } from '../../../control-plane/src/translator/translate.ts';
import {
  type DesiredStatus,
  EMPTY_MEMORY,
  type Translation,
  type TranslationContext,
} from '../../../control-plane/src/translator/translation.ts';
import { buildState, type StateWords } from '../../fixtures/cluster-state.ts';
import { acknowledgeAll, CONTEXT, toPlain } from '../../fixtures/translation.ts';
import { goldenCases } from '../../helpers/golden.ts';

type Case = {
  /** When it is now. */
  now?: string;
  /** `all`: every agent holds what it is to get. Otherwise `state.agents` says what they hold. */
  acknowledged?: 'all';
  memory?: { httpUntilMs?: Record<string, number>; acknowledged?: Record<string, AgentReport> };
  state: StateWords;
};

goldenCases(new URL('testdata/', import.meta.url), (input: Case) => simplify(run(input)), print);

function run({ now, acknowledged, memory, state: words }: Case): Translation {
  const context: TranslationContext = {
    ...CONTEXT,
    nowMs: now === undefined ? CONTEXT.nowMs : Date.parse(now),
    memory: {
      ...EMPTY_MEMORY,
      httpUntilMs: new Map(Object.entries(memory?.httpUntilMs ?? {})),
      acknowledged: new Map(Object.entries(memory?.acknowledged ?? {})),
    },
  };
  const state = buildState(words);
  return translate(acknowledged === 'all' ? acknowledgeAll(state, context) : state, context);
}

/** What says nothing is left out, and each condition is one line. */
function simplify(translation: Translation): object {
  const { statuses, nextChangeMs, ...rest } = toPlain(translation);
  const plain = {
    ...rest,
    statuses: Object.fromEntries(Object.entries(statuses).map(([key, status]) => [key, simplifyStatus(status)])),
    nextChange: nextChangeMs === undefined ? undefined : new Date(nextChangeMs).toISOString(),
  };
  return Object.fromEntries(
    Object.entries(plain).filter(([, value]) => value !== undefined && Object.keys(value).length > 0),
  );
}

function simplifyStatus({ conditions, ...status }: DesiredStatus): object {
  const lines = conditions.map(({ type, status: truth, reason, message }) => [type, `${truth}, ${reason}: ${message}`]);
  return { ...Object.fromEntries(lines), ...status };
}

/** What fits in a line stands in a line. */
function print(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node) {
      node.flow = JSON.stringify(node).length <= 100;
    },
  });
  return document.toString({ lineWidth: 0 });
}
