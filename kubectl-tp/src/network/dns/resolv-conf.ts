// Reads what /etc/resolv.conf says about whom to ask and for how long (resolv.conf(5)). Search paths are the business of
// programs. Pure.

import { isIP } from 'node:net';

export type ResolvConf = {
  /** In the order in which they are to be asked. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  readonly attempts: number;
};

/** As many as the C library takes. */
const MAX_SERVERS = 3;
/** As the C library has it where the file says nothing. */
const DEFAULT_SERVERS = ['127.0.0.1'];
const DEFAULT_TIMEOUT_SECONDS = 5;
const DEFAULT_ATTEMPTS = 2;
const MAX_TIMEOUT_SECONDS = 30;
const MAX_ATTEMPTS = 5;

/** Never throws: what it does not know it skips, as every reader of this file does. */
export function parseResolvConf(text: string): ResolvConf {
  const lines = resolvConfLines(text);
  const servers = lines.flatMap(([word, address = '']) => (word === 'nameserver' && isIP(address) ? [address] : []));
  const options = lines.filter(([word]) => word === 'options').flatMap((words) => words.slice(1));
  return {
    servers: servers.length === 0 ? DEFAULT_SERVERS : servers.slice(0, MAX_SERVERS),
    timeoutMs: Math.min(optionOf(options, 'timeout') ?? DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS) * 1000,
    attempts: Math.min(optionOf(options, 'attempts') ?? DEFAULT_ATTEMPTS, MAX_ATTEMPTS),
  };
}

/** The words of each line, without comments. */
export function resolvConfLines(text: string): string[][] {
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/),
  );
}

/** The last one counts; 0 is as good as none. */
function optionOf(options: readonly string[], name: string): number | undefined {
  const value = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1) ?? '';
  return /^[1-9]\d{0,3}$/.test(value) ? Number(value) : undefined;
}
