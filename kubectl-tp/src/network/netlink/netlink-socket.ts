// Speaks rtnetlink with the kernel: a request and whether it was done, or a list.

import { checked, systemCalls, systemError } from '../device/system-calls.ts';
import { buildDump, type DUMP } from './messages.ts';
import { errnoOf, type NetlinkMessage, NLMSG_DONE, parseMessages } from './parse-messages.ts';

export type NetlinkSocket = {
  /** Throws an error with `code`, whose message begins with `what`. */
  request(what: string, message: Buffer): void;
  list(type: (typeof DUMP)[keyof typeof DUMP]): NetlinkMessage[];
  close(): void;
};

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0o2000003;
const NETLINK_ROUTE = 0;
/** The kernel fills at most 32 KiB at a time of a list. */
const MAX_ANSWER_BYTES = 1 << 16;

/** The kernel answers at once: no call waits for anybody else. */
function openNetlink(): NetlinkSocket {
  const socket = checked('opening rtnetlink', systemCalls.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));

  function receive(what: string): NetlinkMessage[] {
    const answer = Buffer.alloc(MAX_ANSWER_BYTES);
    const bytes = checked(what, systemCalls.recv(socket, answer, answer.length, 0));
    const messages = parseMessages(answer.subarray(0, bytes));
    for (const message of messages) {
      const errno = errnoOf(message);
      if (errno !== undefined && errno !== 0) throw systemError(what, errno);
    }
    return messages;
  }

  const send = (what: string, message: Buffer) =>
    void checked(what, systemCalls.send(socket, message, message.length, 0));

  return {
    request(what, message) {
      send(what, message);
      receive(what);
    },
    list(type) {
      const what = 'listing by rtnetlink';
      send(what, buildDump(type));
      const found: NetlinkMessage[] = [];
      for (;;) {
        const messages = receive(what);
        const end = messages.findIndex((message) => message.type === NLMSG_DONE);
        found.push(...messages.slice(0, end < 0 ? undefined : end));
        if (end >= 0) return found;
      }
    },
    close: () => void systemCalls.close(socket),
  };
}

/** Runs with a socket of its own. */
export function withNetlink<T>(run: (netlink: NetlinkSocket) => T): T {
  const netlink = openNetlink();
  try {
    return run(netlink);
  } finally {
    netlink.close();
  }
}
