// Reads the environment of a process, one variable at a time. A variable that is set to nothing counts as not set: that
// is how charts leave one out.

import { parseDuration } from '../api/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Each method throws the process's own error, with a sentence that names the variable. */
export type EnvironmentReader = {
  /** Without `otherwise` it must be set. */
  text(name: string, otherwise?: string): string;
  port(name: string, otherwise: number): number;
  /** Whole, from 0 on. */
  number(name: string, otherwise: number): number;
  /** Written like `90s`. */
  duration(name: string, otherwiseMs: number): number;
  /** For formats of the caller's own; undefined if it is not set. `parse` returns undefined for what is none. */
  parsed<T>(name: string, kind: string, parse: (text: string) => T | undefined): T | undefined;
};

const MAX_PORT = 65_535;

/** `invalid` makes the error from its sentence. */
export function createEnvironmentReader(
  environment: Environment,
  invalid: (message: string) => Error,
): EnvironmentReader {
  const fail = (name: string, problem: string) => invalid(`The environment variable ${name} ${problem}.`);

  function parsed<T>(name: string, kind: string, parse: (text: string) => T | undefined): T | undefined {
    const text = environment[name];
    if (!text) return undefined;
    const value = parse(text);
    if (value === undefined) throw fail(name, `is "${text}", which is no ${kind}`);
    return value;
  }

  return {
    text(name, otherwise) {
      const text = environment[name] || otherwise;
      if (text === undefined) throw fail(name, 'is not set');
      return text;
    },
    port: (name, otherwise) => parsed(name, `port from 0 to ${MAX_PORT}`, parsePort) ?? otherwise,
    number: (name, otherwise) => parsed(name, 'whole number', parseWhole) ?? otherwise,
    duration: (name, otherwiseMs) => parsed(name, 'duration such as 90s, 10m or 1h30m', parseDuration) ?? otherwiseMs,
    parsed,
  };
}

function parsePort(text: string): number | undefined {
  const port = parseWhole(text);
  return port !== undefined && port <= MAX_PORT ? port : undefined;
}

/** With so few digits it is exact. */
function parseWhole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
