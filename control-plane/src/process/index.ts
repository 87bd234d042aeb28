// What each process of the cluster part does in the same way: reads its environment, logs, answers health.
export * from './admin-server.ts';
export * from './environment.ts';
export * from './log.ts';
export * from './small-slabs.ts';
