// Which variables a person wants, of those a container has: --env-include, --env-exclude, --env-override. Pure.

import { TpError } from '../errors.ts';
import type { Environment } from './collect.ts';

export type Selection = {
  /** Globs with * and ?; empty means all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Wins over everything, also over include and exclude. */
  readonly override: Readonly<Record<string, string>>;
};

/** A variable that nobody wants or that is given by hand is not missed. */
export function selectVariables({ variables, missing }: Environment, selection: Selection): Environment {
  const include = selection.include.map(parseGlob);
  const exclude = selection.exclude.map(parseGlob);
  const isWanted = (name: string) =>
    (include.length === 0 || include.some((glob) => glob.test(name))) && !exclude.some((glob) => glob.test(name));
  const { override } = selection;
  return {
    variables: { ...Object.fromEntries(Object.entries(variables).filter(([name]) => isWanted(name))), ...override },
    missing: missing.filter(({ name }) => name === undefined || (isWanted(name) && !Object.hasOwn(override, name))),
  };
}

/** `K=V`; the value may be empty and have further equals signs. Throws USAGE. */
export function parseOverrides(flags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const at = flag.indexOf('=');
      const name = flag.slice(0, at);
      if (at > 0 && !/\s/.test(name)) return [name, flag.slice(at + 1)];
      throw new TpError('USAGE', `--env-override does not understand "${flag}".`, {
        hint: 'Write it like --env-override LOG_LEVEL=debug',
      });
    }),
  );
}

function parseGlob(text: string): RegExp {
  const pattern = text
    .replaceAll(/[\\^$.+|()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 's');
}
