// Words of the command line as values, and what is said about those that make no sense.

import test from 'ava';
import { parseHeaderConditions } from '../../../kubectl-tp/src/commands/header-conditions.ts';
import { parsePorts, parseTarget } from '../../../kubectl-tp/src/commands/intercept-arguments.ts';
import { readDuration } from '../../../kubectl-tp/src/duration.ts';

const gives = test.macro({
  exec: (t, parse: (text: string) => unknown, text: string, value: unknown) => t.deepEqual(parse(text), value),
  title: (_, parse: (text: string) => unknown, text: string) => `${parse.name}: ${text}`,
});
const refuses = test.macro({
  exec: (t, parse: (text: string) => unknown, text: string, code: string) => {
    const error = t.throws(() => parse(text));
    t.like(error, { code });
    t.true((error as { hint?: string }).hint !== undefined, 'there is a next step');
  },
  title: (_, parse: (text: string) => unknown, text: string) =>
    `${parse.name} refuses: ${JSON.stringify(text.slice(0, 30))}`,
});

test(gives, parseTarget, 'orders', { kind: 'Service', name: 'orders' });
test(gives, parseTarget, 'svc/orders', { kind: 'Service', name: 'orders' });
test(gives, parseTarget, 'deployment/orders', { kind: 'Deployment', name: 'orders' });
test(gives, parseTarget, 'Deploy/orders', { kind: 'Deployment', name: 'orders' });
test(gives, parseTarget, 'statefulset/db', { kind: 'StatefulSet', name: 'db' });
test(gives, parseTarget, 'ds/log-1.x', { kind: 'DaemonSet', name: 'log-1.x' });
for (const word of [
  '',
  '/',
  'pod/orders',
  'a/b/c',
  'Orders',
  'orders_1',
  '../x',
  'constructor/x',
  `x${'y'.repeat(300)}`,
]) {
  test(refuses, parseTarget, word, 'BAD_TARGET');
}

test(gives, parsePorts, '8080', { laptopPort: 8080 });
test(gives, parsePorts, '8080:80', { laptopPort: 8080, remotePort: '80' });
test(gives, parsePorts, '8080:http', { laptopPort: 8080, remotePort: 'http' });
for (const text of ['', '0', '65536', 'http', '80:', ':80', '80:0', '80:99999', '80:80:80', '-1', '8e3']) {
  test(refuses, parsePorts, text, 'BAD_PORT');
}

const duration = (text: string) => readDuration(text, '--ttl');
test(gives, duration, '90s', 90_000);
test(gives, duration, '1h30m', 5_400_000);
test(gives, duration, '0.5s', 500);
for (const text of ['', '5', 's', '1x', '-1s', '0s', '1 h', '25d', '999999999d'])
  test(refuses, duration, text, 'BAD_DURATION');

const header = (text: string) => parseHeaderConditions([text]);
test(gives, header, 'x-dev=me', [{ name: 'x-dev', value: 'me' }]);
test(gives, header, 'X-Dev: me', [{ name: 'x-dev', value: 'me' }]);
for (const text of ['', 'x-dev', '=me', 'bad header=x', 'host=x', ':path=/']) test(refuses, header, text, 'BAD_HEADER');
