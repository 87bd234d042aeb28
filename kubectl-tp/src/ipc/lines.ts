// Lines of JSON over a socket, both directions.

import type { Socket } from 'node:net';

/** More in one line is no message of ours. Environments with large ConfigMaps are the largest. */
const MAX_LINE_BYTES = 8 << 20;

export function writeLine(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Ends with the other side's end; throws on a line that is not JSON or too long. */
export async function* readLines(socket: Socket): AsyncGenerator<unknown> {
  let rest = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) throw new Error('a line is too long');
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
}

/** Undefined when the other side is gone: its end and a reset tell the same, and so does what is no line of ours. */
export async function nextLine<A>(lines: AsyncGenerator<A>): Promise<A | undefined> {
  try {
    const { value, done } = await lines.next();
    return done ? undefined : value;
  } catch {
    return undefined;
  }
}
