// Services whose every request this session intercepts: programs of this laptop reach them here, and not by way of the
// cluster. Bytes are all that is seen of a connection, so an intercept with conditions is left to the agents.

import type { InterceptName } from '../../ipc/intercept-messages.ts';
import type { Dialer, Endpoint } from '../../outbound/dialer.ts';
import { dialLocal, type LocalTarget } from '../../tunnel/local-target.ts';
import type { InterceptTable } from '../intercepts/intercept-table.ts';

export type OwnServices = {
  /** As long as the intercept is there. */
  add(endpoints: readonly Endpoint[], intercept: InterceptName & { readonly uid?: string | undefined }): void;
  /** Where connections to that end go on this laptop; undefined when the cluster answers them. */
  find(endpoint: Endpoint): LocalTarget | undefined;
};

type Options = {
  readonly table: Pick<InterceptTable, 'get'>;
  readonly targetOf: (uid: string | undefined) => LocalTarget | undefined;
};

export function createOwnServices({ table, targetOf }: Options): OwnServices {
  const intercepts = new Map<string, InterceptName & { readonly uid?: string | undefined }>();
  const keyOf = ({ host, port }: Endpoint) => `${host} ${port}`;
  return {
    add(endpoints, { namespace, name, uid }) {
      for (const endpoint of endpoints) intercepts.set(keyOf(endpoint), { namespace, name, uid });
    },
    find(endpoint) {
      const known = intercepts.get(keyOf(endpoint));
      if (known === undefined) return undefined;
      const { uid, deletionTimestamp } = table.get(known.namespace, known.name)?.metadata ?? {};
      if (uid !== undefined && uid === known.uid && deletionTimestamp === undefined) return targetOf(uid);
      intercepts.delete(keyOf(endpoint));
      return undefined;
    },
  };
}

/** Where nobody listens on this laptop the cluster decides who answers, as for every other caller. */
export function createOwnServiceDialer(dialer: Dialer, services: Pick<OwnServices, 'find'>): Dialer {
  return {
    async connect(to, signal) {
      const target = services.find(to);
      const socket = target && (await dialLocal(target, signal));
      if (socket !== undefined) return socket;
      signal.throwIfAborted();
      return dialer.connect(to, signal);
    },
    openDatagrams: dialer.openDatagrams,
  };
}
