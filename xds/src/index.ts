// What other packages may use of this one.
export * from './cache/snapshot-cache.ts';
export * from './errors.ts';
export * from './ir/agent-config.ts';
export { type Problem, validateAgentConfig } from './ir/validate.ts';
export * from './resource-set.ts';
export type { Authenticate, Authentication, ProvenAgent } from './server/agent-stream.ts';
export type { AgentEvent } from './server/discovery-service.ts';
export * from './server/grpc-server.ts';
export type { ServerIdentity } from './server/server-credentials.ts';
export { interceptOfResource } from './translator/resource-names.ts';
export { buildAgentResources } from './translator/translate.ts';
