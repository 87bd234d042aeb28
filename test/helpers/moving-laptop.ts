// A laptop that changes networks: a network namespace of its own beside the lab's first node, whose interface, address
// and routes are replaced while programs run in it. With the lab only.

import type { ExecutionContext } from 'ava';
import { currentLab } from '../../lab/lab.ts';
import { capture, succeeds } from '../../lab/shell.ts';

export type MovingLaptop = {
  /** Stands before a command that is to run on the laptop. */
  readonly enter: readonly string[];
  /** Takes the interface away, with its address and routes. */
  leaveNetwork(): Promise<void>;
  /** Its packets are lost, both ways, and it can't see why. */
  cutOff(): Promise<void>;
  reconnect(): Promise<void>;
  /** Comes up with a new interface and an address that the laptop never had. */
  joinNetwork(): Promise<void>;
};

const INTERFACE = 'wlan0';
/** The lab's own machines have 1, 2 and 254. */
const FIRST_ADDRESS = 100;
let addresses = 0;

/** In a network already. Gone at the end of the test. */
export async function createMovingLaptop(t: ExecutionContext): Promise<MovingLaptop> {
  const lab = currentLab();
  const [node] = lab.nodes;
  const netns = `${lab.name}-laptop`;
  const cable = 'to-laptop';
  const inLaptop = (...words: string[]) => capture('ip', ['-netns', netns, ...words]);
  const inNode = (...words: string[]) => capture('ip', ['-netns', node.netns, ...words]);
  // What a killed test has left, or one whose last process is still ending.
  await succeeds('ip', ['netns', 'del', netns]);
  await succeeds('ip', ['-netns', node.netns, 'link', 'del', cable]);
  await capture('ip', ['netns', 'add', netns]);
  t.teardown(() => succeeds('ip', ['netns', 'del', netns]));
  await inLaptop('link', 'set', 'lo', 'up');

  const laptop: MovingLaptop = {
    enter: ['nsenter', `--net=/run/netns/${netns}`, '--'],
    async leaveNetwork() {
      await inLaptop('link', 'del', INTERFACE);
    },
    async cutOff() {
      await inNode('link', 'set', cable, 'nomaster');
    },
    async reconnect() {
      await inNode('link', 'set', cable, 'master', 'nodes');
    },
    async joinNetwork() {
      addresses += 1;
      const address = node.ip.replace(/\d+$/, `${FIRST_ADDRESS + addresses}`);
      const ends = ['type', 'veth', 'peer', 'name', cable, 'netns', node.netns];
      await inLaptop('link', 'add', INTERFACE, ...ends);
      await inNode('link', 'set', cable, 'up', 'master', 'nodes');
      await inLaptop('addr', 'add', `${address}/24`, 'dev', INTERFACE);
      await inLaptop('link', 'set', INTERFACE, 'up');
      await inLaptop('route', 'add', 'default', 'via', node.ip);
    },
  };
  await laptop.joinNetwork();
  return laptop;
}
