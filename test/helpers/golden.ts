// Tests by example: testdata/<case>/in.yaml -> out.yaml. TP_REWRITE=1 writes the outputs anew; read the difference before
// you commit it. Values are compared, not bytes: the formatter may lay out the files as it likes.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parse, stringify } from 'yaml';

/** One test for each folder of `testdata`, whose address ends with a slash. */
export function goldenCases<Input, Result extends object>(
  testdata: URL,
  run: (input: Input) => Result,
  print: (result: Result) => string = printWhole,
): void {
  for (const name of readdirSync(testdata).sort()) {
    test(name.replaceAll('-', ' '), (t) => {
      const input: Input = parse(readFileSync(new URL(`${name}/in.yaml`, testdata), 'utf8'));
      const output = new URL(`${name}/out.yaml`, testdata);
      const text = print(run(input));
      if (process.env.TP_REWRITE === '1') writeFileSync(output, text);
      t.true(existsSync(output), `${output.pathname} is missing: TP_REWRITE=1 writes it`);
      t.deepEqual(parse(text), parse(readFileSync(output, 'utf8')));
    });
  }
}

/** Parts that several places share are written out in each, not as YAML aliases. */
function printWhole(result: object): string {
  return stringify(result, { aliasDuplicateObjects: false, lineWidth: 0 });
}
