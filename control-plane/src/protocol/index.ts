// What laptop, relay and agent agree on.
export * from './alpn.ts';
export * from './client-hello.ts';
export { ERROR_CODES as PROTOCOL_ERROR_CODES, ProtocolError, type ProtocolErrorCode } from './errors.ts';
export * from './identity.ts';
export { PING_INTERVAL_MS } from './mux/keep-alive.ts';
export { createMemoryBudget, type MemoryBudget } from './mux/memory-budget.ts';
export * from './mux/mux.ts';
export * from './read-client-hello.ts';
export * from './reset-socket.ts';
export * from './server-name.ts';
export * from './session-name.ts';
export * from './session-proof.ts';
export * from './splice.ts';
export * from './tunnel-hello.ts';
export * from './waiting-room.ts';
