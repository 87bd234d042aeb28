// Waits of every process that an AbortSignal ends without an error: who waits looks at the signal.
export * from './aborted.ts';
export * from './wait-for.ts';
