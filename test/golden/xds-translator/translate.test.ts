// An agent's resources, and what is wrong with its configuration.

import type { AgentConfig, AgentCredentials } from '../../../xds/src/ir/agent-config.ts';
import { validateAgentConfig } from '../../../xds/src/ir/validate.ts';
import { buildAgentResources } from '../../../xds/src/translator/translate.ts';
import { describeResources } from '../../helpers/describe-resources.ts';
import { goldenCases } from '../../helpers/golden.ts';

type Input = { readonly config: AgentConfig; readonly credentials?: AgentCredentials };

goldenCases(new URL('testdata/', import.meta.url), ({ config, credentials }: Input) => ({
  problems: validateAgentConfig(config),
  ...describeResources(buildAgentResources(config, credentials)),
}));
