// testdata/<case>/in.yaml -> out.yaml: an agent's resources, and what is wrong with its configuration. TP_REWRITE=1
// writes the outputs anew; read the difference before you commit it. Values are compared, not layout.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { parse, stringify } from 'yaml';
import type { AgentConfig, AgentCredentials } from '../../../xds/src/ir/agent-config.ts';
import { validateAgentConfig } from '../../../xds/src/ir/validate.ts';
import { buildAgentResources } from '../../../xds/src/translator/translate.ts';
import { describeResources } from '../../helpers/describe-resources.ts';

const TESTDATA = fileURLToPath(new URL('./testdata', import.meta.url));
type Input = { readonly config: AgentConfig; readonly credentials?: AgentCredentials };

for (const name of readdirSync(TESTDATA).sort()) {
  test(name.replaceAll('-', ' '), (t) => {
    const input: Input = parse(readFileSync(join(TESTDATA, name, 'in.yaml'), 'utf8'));
    const resources = describeResources(buildAgentResources(input.config, input.credentials));
    const problems = validateAgentConfig(input.config);
    // Parts that several resources share are written out in each, not as YAML aliases.
    const text = stringify({ problems, ...resources }, { aliasDuplicateObjects: false, lineWidth: 0 });
    const output = join(TESTDATA, name, 'out.yaml');
    if (process.env.TP_REWRITE === '1') writeFileSync(output, text);
    t.true(existsSync(output), `${output} is missing: TP_REWRITE=1 writes it`);
    t.deepEqual(parse(text), parse(readFileSync(output, 'utf8')));
  });
}
