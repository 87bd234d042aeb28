// Environments as text, in the syntaxes of the programs that read them. What a syntax can't hold is left out by name,
// never bent. Pure.

export const ENVIRONMENT_SYNTAXES = ['docker', 'compose', 'sh', 'csh', 'fish', 'ps', 'cmd', 'json'] as const;
export type EnvironmentSyntax = (typeof ENVIRONMENT_SYNTAXES)[number];

export type EnvironmentText = {
  readonly text: string;
  /** Variables the syntax can't hold. */
  readonly leftOut: readonly string[];
};

export type Variables = Readonly<Record<string, string>>;

/** Sorted by name. */
export function formatEnvironment(syntax: EnvironmentSyntax, variables: Variables): EnvironmentText {
  const entries = Object.entries(variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (syntax === 'json') return { text: `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, leftOut: [] };
  const { holds, line } = SYNTAXES[syntax];
  return {
    text: entries
      .filter(([name, value]) => holds(name, value))
      .map(([name, value]) => `${line(name, value)}\n`)
      .join(''),
    leftOut: entries.filter(([name, value]) => !holds(name, value)).map(([name]) => name),
  };
}

type Syntax = {
  readonly holds: (name: string, value: string) => boolean;
  readonly line: (name: string, value: string) => string;
};

/** Names that every shell takes. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Setting them is an error in bash, which ends a script with `set -e`. */
const BASH_READ_ONLY: ReadonlySet<string> = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID']);
const FISH_READ_ONLY: ReadonlySet<string> = new Set([
  'FISH_VERSION',
  'PWD',
  'SHLVL',
  '_',
  'history',
  'status',
  'version',
]);
/** docker reads lines with a Go scanner: longer ones end it with an error. */
const MAX_DOCKER_LINE_BYTES = 65_535;
/** cmd cuts longer lines. */
const MAX_CMD_LINE_CHARACTERS = 8191;

const SYNTAXES: Readonly<Record<Exclude<EnvironmentSyntax, 'json'>, Syntax>> = {
  // `docker run --env-file`: NAME=value to the end of the line, no quotes, no escapes; a line's \r is taken off.
  docker: {
    holds: (name, value) =>
      /^[^\s#=][^\s=]*$/.test(name) &&
      !/\n|\r$/.test(value) &&
      Buffer.byteLength(`${name}=${value}`) < MAX_DOCKER_LINE_BYTES,
    line: (name, value) => `${name}=${value}`,
  },
  // `env_file` of a compose file: double quotes understand the escapes \\ \" \$ \n \r. A leading `export` is cut off.
  compose: {
    holds: (name) => /^(?!export)[A-Za-z_][A-Za-z0-9_.]*$/.test(name),
    line: (name, value) =>
      `${name}="${value
        .replaceAll(/[\\"$]/g, '\\$&')
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r')}"`,
  },
  // POSIX 2.2.2: nothing is special in single quotes but the quote that ends them.
  sh: {
    holds: (name) => SHELL_NAME.test(name) && !BASH_READ_ONLY.has(name),
    line: (name, value) => `export ${name}=${quoteForShell(value)}`,
  },
  // In csh an exclamation mark and a line break are special in single quotes, too; a backslash takes that away.
  csh: {
    holds: (name) => SHELL_NAME.test(name),
    line: (name, value) => `setenv ${name} ${quoteForShell(value.replaceAll(/[!\n]/g, '\\$&'))}`,
  },
  // In fish a backslash in single quotes escapes the quote and itself.
  fish: {
    holds: (name) => SHELL_NAME.test(name) && !FISH_READ_ONLY.has(name),
    line: (name, value) => `set -gx ${name} '${value.replaceAll(/[\\']/g, '\\$&')}'`,
  },
  // PowerShell takes typographic quotes for single quotes, too; two of them are one.
  ps: {
    holds: (name) => /^[^\s:={}`]+$/.test(name),
    line: (name, value) => `\${Env:${name}} = '${value.replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`,
  },
  cmd: {
    holds: (name, value) =>
      /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name) &&
      !hasControlCharacter(value) &&
      cmdLine(name, value).length <= MAX_CMD_LINE_CHARACTERS,
    line: cmdLine,
  },
};

/** For dash, bash and their kin, at the prompt and in scripts. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A batch file's percent signs are doubled. Each quote of the value turns cmd's quoting off and on again; while it is off,
 * what would begin another command is escaped. `set "..."` takes all up to the last quote.
 */
function cmdLine(name: string, value: string): string {
  let isQuoted = true;
  let text = '';
  for (const character of value) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === '%') text += '%%';
    else text += !isQuoted && /[\^&|<>]/.test(character) ? `^${character}` : character;
  }
  return `@set "${name}=${text}"`;
}

/** A tab is one that cmd keeps. */
function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' && character !== '\t');
}
