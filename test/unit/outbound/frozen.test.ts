// A laptop that stands still, as in a closed lid or a debugger, and goes on.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { SESSIONS } from '../../../control-plane/src/api/index.ts';
import { startApp } from '../../helpers/loopback.ts';
import { createMemoryKubernetes } from '../../helpers/memory-kubernetes.ts';
import type { LaptopStart } from '../../helpers/outbound-laptop.ts';
import { createTestAuthority, createTestSession, sessionObject, startTestRelay } from '../../helpers/tunnel-rig.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const LAPTOP = fileURLToPath(new URL('../../helpers/outbound-laptop.ts', import.meta.url));

test('after a laptop has stood still, old connections are reset on both sides, and new ones work', async (t) => {
  const kubernetes = createMemoryKubernetes();
  const session = await createTestSession(await createTestAuthority(), 'me');
  kubernetes.put(SESSIONS, sessionObject(session));
  const mayDial = async (_session: string, address: string) => ({ allowed: true, address }) as const;
  const relay = await startTestRelay(t, 'relay-0', kubernetes, { mayDial });
  const accepted: Socket[] = [];
  const app = await startApp(t, (socket) => {
    accepted.push(socket);
    socket.resume().write('hello');
  });

  const start: LaptopStart = {
    relayPort: relay.ports.laptop,
    session: session.name,
    key: session.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const laptop = spawn(process.execPath, [LAPTOP, JSON.stringify(start)], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => laptop.kill('SIGKILL'));
  let said = '';
  laptop.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const hears = (line: string) => waitFor(`the laptop says "${line}"`, () => said.includes(line));
  const connect = () => laptop.stdin.write(`${app.port}\n`);
  connect();
  await hears('1 received hello');
  const [old] = accepted;

  laptop.kill('SIGSTOP');
  // The relay gives it up, and tells the service.
  const [error] = await once(old ?? app.server, 'error');
  t.is((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  t.false(said.includes('1 failed'));

  // Asked for while it stands still, too.
  connect();
  laptop.kill('SIGCONT');
  await hears('1 failed');
  await hears('2 received hello');
  connect();
  await hears('3 received hello');
  t.notRegex(said, /^\d ended|^[23] failed/m);
  laptop.stdin.end();
  await once(laptop, 'exit');
});
