// A process that holds an outbound tunnel, so that a test can freeze it: prints a line for each thing that happens.
// Its argument is a LaptopStart as JSON; each line on its standard input is a port of loopback to connect to.

import { createPrivateKey } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createOutbound } from '../../kubectl-tp/src/outbound/outbound.ts';
import { watchSleep } from '../../kubectl-tp/src/tunnel/sleep-watch.ts';
import { dialTcp } from './loopback.ts';

export type LaptopStart = {
  readonly relayPort: number;
  readonly session: string;
  /** PEM. */
  readonly key: string;
};

const { relayPort, session, key } = JSON.parse(process.argv[2] ?? '') as LaptopStart;
const outbound = createOutbound({ session, key: createPrivateKey(key), dialRelay: () => dialTcp(relayPort) });
outbound.tunnels.setRelays(['relay-0']);
// As a session does for all that it holds.
watchSleep(outbound.tunnels.redial);

let connections = 0;
for await (const port of createInterface(process.stdin)) void hold(Number(port));
await outbound.close();

/** Connects, and says what is received until the end or the error. */
async function hold(port: number): Promise<void> {
  connections += 1;
  const name = connections;
  try {
    const stream = await outbound.connect({ host: '127.0.0.1', port }, new AbortController().signal);
    for await (const chunk of stream) console.log(`${name} received ${chunk}`);
    console.log(`${name} ended`);
  } catch (error) {
    console.log(`${name} failed: ${error instanceof Error ? error.message : error}`);
  }
}
