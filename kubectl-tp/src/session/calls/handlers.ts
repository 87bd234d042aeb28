// What the session process does for each call.

import type { SessionFiles } from '../../ipc/paths.ts';
import type { Connection } from '../../kubernetes/connection.ts';
import type { VolumeBook } from '../../volumes/volume-book.ts';
import { ingest, leaveIngests, ownerOf } from '../containers/ingest.ts';
import type { VolumeEnds } from '../containers/volume-ends.ts';
import { intercept } from '../intercepts/intercept.ts';
import { leaveAll, replace } from '../intercepts/replace.ts';
import { connect } from '../networks/connect.ts';
import type { LaptopSlot } from '../networks/laptop-slot.ts';
import { openEntry } from '../networks/network-entry.ts';
import type { Session } from '../session.ts';
import { untilCut, untilEnded } from '../until-ended.ts';
import { holdInside } from './hold-inside.ts';
import { buildReport } from './report.ts';
import type { Handlers } from './server.ts';

type Options = {
  readonly session: Session;
  readonly volumes: VolumeBook;
  readonly laptop: LaptopSlot;
  readonly ends: VolumeEnds;
  readonly connection: Connection;
  readonly files: SessionFiles;
  readonly quit: () => void;
};

export function createHandlers(options: Options): Handlers {
  const { session, volumes, laptop, ends, connection, files, quit } = options;
  const { resume } = ends;
  const holdings = { session, volumes };
  return {
    async intercept({ arguments: request, ...tools }) {
      await resume(tools.signal);
      return holdInside<'intercept'>(session, request, tools, async (inside) => {
        const result = await intercept(holdings, request, inside);
        if (result.volumes !== undefined) void ends.unmountWhenEnded(result);
        if (!request.hold) return { result };
        const ended = untilEnded(session, result, tools.signal);
        return { result, ended, release: () => leaveAll(holdings, [result]) };
      });
    },

    async replace({ arguments: request, ...tools }) {
      await resume(tools.signal);
      return holdInside<'replace'>(session, request, tools, async (inside) => {
        const result = await replace(holdings, request, inside);
        for (const made of result.intercepts) {
          if (made.volumes !== undefined) void ends.unmountWhenEnded(made);
        }
        if (!request.hold) return { result };
        const ended = Promise.race(result.intercepts.map((made) => untilEnded(session, made, tools.signal)));
        return { result, ended, release: () => leaveAll(holdings, result.intercepts) };
      });
    },

    async ingest({ arguments: request, ...tools }) {
      if (request.hold) volumes.expect(ownerOf(request));
      await resume(tools.signal);
      return holdInside<'ingest'>(session, request, tools, async (inside) => {
        const result = await ingest(holdings, request, inside);
        return request.hold ? { result, release: () => volumes.release(ownerOf(request), request) } : { result };
      });
    },

    async connect({ arguments: request, ...tools }) {
      await resume(tools.signal);
      const laptopTools = { ...tools, helperSocket: files.helper, apiHosts: apiHosts(connection) };
      const relayHosts = () => session.live()?.relayHosts() ?? [];
      const join = () =>
        connect(session, request, tools, (network) =>
          openEntry(request.entry, network, { ...laptopTools, relayHosts: relayHosts() }),
        );
      if (request.entry.kind === 'laptop') return { result: await laptop.join(join) };
      const connected = await join();
      const { result, leave } = connected;
      return { result, ended: untilCut(session, connected, tools.signal), release: leave };
    },

    async leave({ arguments: request, signal }) {
      await resume(signal);
      const left = await session.leaveMatching(request);
      await Promise.all(left.map((name) => volumes.unmount({ kind: 'intercept', ...name })));
      return { result: { left: [...left, ...(await leaveIngests(holdings, request))] } };
    },

    async status({ signal }) {
      await resume(signal);
      return { result: await buildReport({ session, volumes, connection, files }) };
    },

    async quit({ signal }) {
      await resume(signal);
      // What is on this laptop first: a cluster that does not answer keeps none of them here.
      await laptop.leave();
      await volumes.unmountAll();
      const result = await session.end();
      // Ends the process once the caller has its answer and closes.
      return { result, release: async () => quit() };
    },
  };
}

/** The API server, and what stands before it. */
function apiHosts({ cluster: { value } }: Connection): string[] {
  return [value.server, value['proxy-url']].flatMap((url) => {
    // An IPv6 address stands in brackets there.
    return typeof url === 'string' && URL.canParse(url) ? [new URL(url).hostname.replace(/^\[|\]$/g, '')] : [];
  });
}
