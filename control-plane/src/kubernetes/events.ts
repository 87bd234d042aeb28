// Kubernetes Events: what people see at the end of `kubectl describe`.

import { EVENTS } from '../api/index.ts';
import type { KubernetesClient } from './types.ts';

/** The API server refuses longer ones. */
const MAX_MESSAGE_LENGTH = 1024;

export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string | undefined;
};

export type EventText = { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };

export async function createEvent(
  client: KubernetesClient,
  { subject, text, reporter, nowMs }: { subject: EventSubject; text: EventText; reporter: string; nowMs: number },
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const time = new Date(nowMs).toISOString();
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${subject.name.slice(0, 200)}.`, namespace: subject.namespace },
    involvedObject: subject,
    type: text.type,
    reason: text.reason,
    message: text.message.slice(0, MAX_MESSAGE_LENGTH),
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    source: { component: 'kubectl-tp' },
    reportingComponent: 'kubectl-tp',
    reportingInstance: reporter,
  };
  await client.create(EVENTS, event, { ...options, namespace: subject.namespace });
}
