import test from 'ava';
import { ControlPlaneError, type ErrorCode } from '../../../control-plane/src/errors.ts';
import { parseHeader, parseHeaders } from '../../../control-plane/src/match/index.ts';

const reads = test.macro({
  exec: (t, text: string, name: string, value: string) => t.deepEqual(parseHeader(text), { name, value }),
  title: (_, text: string) => `reads ${JSON.stringify(text)}`,
});

test(reads, 'x-dev=me', 'x-dev', 'me');
test(reads, 'x-dev: me', 'x-dev', 'me');
test(reads, 'X-Dev:me', 'x-dev', 'me');
test(reads, ' X-Dev =  me ', 'x-dev', 'me');
test(reads, 'x-dev=a:b=c', 'x-dev', 'a:b=c');
test(reads, 'cookie: session=abc', 'cookie', 'session=abc');
test(reads, 'x-dev: two words', 'x-dev', 'two words');
test(reads, 'x-dev: Zoë', 'x-dev', 'Zoë');

const refuses = test.macro({
  exec: (t, text: string, code: ErrorCode, message: RegExp) => {
    const error = t.throws(() => parseHeader(text), { instanceOf: ControlPlaneError, message });
    t.is(error?.code, code);
    t.truthy(error?.hint);
  },
  title: (_, text: string) => `refuses ${JSON.stringify(text.slice(0, 20))}`,
});

test(refuses, 'x-dev', 'HEADER_MALFORMED', /it has no value/);
test(refuses, '', 'HEADER_MALFORMED', /it is empty/);
test(refuses, '=me', 'HEADER_MALFORMED', /it has no name/);
test(refuses, 'x-dev=', 'HEADER_MALFORMED', /value is empty/);
test(refuses, 'x-dev:  ', 'HEADER_MALFORMED', /value is empty/);
test(refuses, 'x dev=me', 'HEADER_MALFORMED', /"x dev" can't be the name/);
test(refuses, 'x-dev=a\r\nb: c', 'HEADER_MALFORMED', /control characters/);
test(refuses, 'x-dev=a\u009b2Jb', 'HEADER_MALFORMED', /control characters/);
test(refuses, `x-dev=${'a'.repeat(4097)}`, 'HEADER_MALFORMED', /longer than 4096/);
test(refuses, `${'x'.repeat(257)}=a`, 'HEADER_MALFORMED', /name is longer than 256/);
test(refuses, ':path=/a', 'HEADER_NOT_MATCHABLE', /start with ":"/);
test(refuses, 'Host: orders', 'HEADER_NOT_MATCHABLE', /chooses the Service/);
test(refuses, 'Connection=close', 'HEADER_NOT_MATCHABLE', /belongs to one connection/);
test(refuses, 'x-forwarded-proto=https', 'HEADER_NOT_MATCHABLE', /write "x-forwarded-proto" themselves/);
test(refuses, 'x-tp-session=a', 'HEADER_NOT_MATCHABLE', /agents remove/);
test(refuses, 'x-envoy-retry-on=5xx', 'HEADER_NOT_MATCHABLE', /agents remove/);

test('several conditions come out sorted, each once', (t) => {
  t.deepEqual(parseHeaders(['x-team=a', 'x-dev=me', 'X-Dev: me']), [
    { name: 'x-dev', value: 'me' },
    { name: 'x-team', value: 'a' },
  ]);
  t.deepEqual(parseHeaders([]), []);
});

test('two values of one header are refused, as no request has both', (t) => {
  const error = t.throws(() => parseHeaders(['x-dev=me', 'x-dev=you']), { instanceOf: ControlPlaneError });
  t.is(error?.code, 'HEADER_TWICE');
});

test('more conditions than an intercept may have are refused', (t) => {
  const texts = Array.from({ length: 17 }, (_, index) => `x-${index}=a`);
  t.throws(() => parseHeaders(texts), { message: /can have 16 headers, not 17/ });
});
