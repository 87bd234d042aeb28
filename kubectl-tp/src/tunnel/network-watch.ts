// Notices that the laptop's network has changed: another address, another way out. What that means for a connection is
// for others to find out.

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** A look costs a tenth of a millisecond. */
const LOOK_INTERVAL_MS = 500;
/** Linux. Elsewhere only addresses are looked at, which another Wi-Fi nearly always changes. */
const ROUTES_PATH = '/proc/net/route';

/** Calls `onChange` after each change until the returned function is called. */
export function watchNetwork(onChange: () => void, look: () => string = describeNetwork): () => void {
  let last = look();
  const timer = setInterval(() => {
    const now = look();
    if (now === last) return;
    last = now;
    onChange();
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function describeNetwork(): string {
  return [...addresses(), ...defaultRoutes()].sort().join('\n');
}

/** Without those of a single link, which interfaces of containers come and go with. */
function addresses(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, found = []]) =>
    found
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
      .map(({ address }) => `${name} ${address}`),
  );
}

/** `Iface Destination Gateway ...`, numbers in hexadecimal (proc_pid_net(5)). */
function defaultRoutes(): string[] {
  try {
    return readFileSync(ROUTES_PATH, 'latin1')
      .split('\n')
      .map((line) => line.split('\t', 3))
      .filter(([, destination]) => destination === '00000000')
      .map((columns) => columns.join(' '));
  } catch {
    return []; // another system
  }
}
