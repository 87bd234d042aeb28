// How the processes of the cluster part read their environment.

import test from 'ava';
import { createEnvironmentReader } from '../../../control-plane/src/process/index.ts';
import { parseConfig as parseRelayConfig } from '../../../control-plane/src/relay/config.ts';

const read = (environment: Record<string, string>) =>
  createEnvironmentReader(environment, (message) => new RangeError(message));

test('what is not set, or set to nothing, has its default', (t) => {
  for (const set of [read({}), read({ X: '' })]) {
    t.deepEqual([set.text('X', 'a'), set.port('X', 1), set.number('X', 2), set.duration('X', 3)], ['a', 1, 2, 3]);
    t.is(
      set.parsed('X', 'thing', () => 4),
      undefined,
    );
    t.throws(() => set.text('X'), { instanceOf: RangeError, message: 'The environment variable X is not set.' });
  }
});

test('what is set counts', (t) => {
  t.is(read({ X: 'b' }).text('X', 'a'), 'b');
  t.is(read({ X: '65535' }).port('X', 1), 65_535);
  t.is(read({ X: '0' }).number('X', 2), 0);
  t.is(read({ X: '1m30s' }).duration('X', 3), 90_000);
  t.is(read({ X: 'b' }).parsed('X', 'thing', String), 'b');
});

const wrong = test.macro((t, method: 'port' | 'number' | 'duration', text: string) => {
  t.throws(() => read({ X: text })[method]('X', 1), {
    instanceOf: RangeError,
    message: new RegExp(`^The environment variable X is "${text}", which is no `),
  });
});
test('no port: too high', wrong, 'port', '65536');
test('no port: a name', wrong, 'port', 'https');
test('no port: below 0', wrong, 'port', '-1');
test('no number: a fraction', wrong, 'number', '1.5');
test('no number: too many digits', wrong, 'number', '1234567890');
test('no duration: without unit', wrong, 'duration', '10');

const RELAY = { POD_NAME: 'p', POD_NAMESPACE: 'n', POD_UID: 'u' };
const wrongRelay = test.macro((t, name: string, text: string) => {
  t.throws(() => parseRelayConfig({ ...RELAY, [name]: text }), {
    code: 'RELAY_CONFIG_INVALID',
    message: new RegExp(name),
  });
});
test("a relay's variable: none", wrongRelay, 'POD_UID', '');
test("a relay's variable: no port", wrongRelay, 'TP_ADMIN_PORT', '99999');
test("a relay's variable: a range with bits behind its length", wrongRelay, 'TP_RELAY_ALLOW_CIDRS', '10.8.0.1/16');
test("a relay's variable: one range of two", wrongRelay, 'TP_RELAY_ALLOW_CIDRS', '10.8.0.0/16,x');
