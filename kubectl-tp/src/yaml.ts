// YAML, loaded only when needed: `await import('./yaml.ts')`. A package in the older module format, which the bundle can
// import by name statically only.

export { parse, stringify } from 'yaml';
