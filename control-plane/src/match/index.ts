// The match language: which requests an intercept asks for, whether two ask for the same, and how people say it.
export * from './condition.ts';
export * from './explain.ts';
export * from './matchable.ts';
export * from './order.ts';
export * from './overlap.ts';
export * from './parse-header.ts';
