// The pure middle of the control plane: cluster state in, agents' configurations and everything to be done out.
export { hashAgentConfig } from './hash-agent-config.ts';
export { revisionOf } from './quarantine.ts';
export { translate } from './translate.ts';
export * from './translation.ts';
