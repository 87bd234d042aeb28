// What laptop, relay and agent agree on.
export * from './alpn.ts';
export * from './identity.ts';
export * from './server-name.ts';
export * from './session-proof.ts';
export * from './tunnel-hello.ts';
