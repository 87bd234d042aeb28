// What the flags about the environment ask for, and its delivery: warnings, files, and the variables of a command.

import type { Tools } from '../command.ts';
import type { Environment } from '../environment/collect.ts';
import { ENVIRONMENT_SYNTAXES, type EnvironmentSyntax, type Variables } from '../environment/formats.ts';
import { type OwnFacts, ownVariables } from '../environment/own-variables.ts';
import { parseOverrides, type Selection, selectVariables } from '../environment/select.ts';
import { writeEnvironmentFile } from '../environment/write-file.ts';
import { describeMissing } from '../output/describe-missing.ts';
import type { MountedVolumes } from '../volumes/mounted-volumes.ts';
import type { EnvironmentArguments, SelectionArguments } from './environment-options.ts';

export type EnvironmentFlags = {
  /** Throws COMMAND_NOT_STARTED; to be asked before anything is made for the command. */
  assertProgram(command: readonly string[], env: NodeJS.ProcessEnv): Promise<void>;
  /**
   * Warns of what is missing, writes the files, resolves with what a command gets on top of the person's own. `outdated`:
   * notes on volumes that are not told.
   */
  deliver(tools: Tools, result: Delivered, outdated?: readonly string[]): Promise<Variables>;
};
/** What a session process has answered. */
export type Delivered = OwnFacts & { readonly environment?: Environment; readonly volumes?: MountedVolumes };

/** Throws USAGE. */
export function parseEnvironmentFlags(args: EnvironmentArguments): EnvironmentFlags {
  const { syntax, selection } = parseSelection(args);
  const files = [
    { flag: '--env-file', path: args['env-file'], syntax },
    { flag: '--env-json', path: args['env-json'], syntax: 'json' as const },
  ].flatMap(({ path, ...file }) => (path === undefined ? [] : [{ path, ...file }]));
  return {
    async assertProgram(command, env) {
      const { assertProgram } = await import('../find-program.ts');
      await assertProgram(command, { ...env, ...selection.override });
    },
    async deliver(tools, { environment, ...facts }, outdated = []) {
      if (environment === undefined) return {};
      const { variables, missing } = selectVariables(environment, selection);
      for (const one of missing) tools.progress.warn(`the environment lacks ${describeMissing(one)}`);
      for (const why of facts.volumes?.missing ?? []) tools.progress.warn(`the files lack ${why}`);
      const notes = facts.volumes?.notes.filter((note) => !outdated.includes(note)) ?? [];
      for (const note of notes) tools.progress.warn(note);
      const all = { ...variables, ...ownVariables(facts), ...selection.override };
      for (const file of files) warnOfLeftOut(tools, file, await writeEnvironmentFile(file, all));
      return { ...all, ...pick(tools.env, STAYING), ...selection.override };
    },
  };
}

export function parseSelection(args: SelectionArguments): { syntax: EnvironmentSyntax; selection: Selection } {
  return {
    syntax: ENVIRONMENT_SYNTAXES.find((syntax) => syntax === args['env-syntax']) ?? 'docker',
    selection: {
      include: args['env-include'],
      exclude: args['env-exclude'],
      override: parseOverrides(args['env-override']),
    },
  };
}

/** The person's own stay: the pod's would lead nowhere on a laptop. */
const STAYING = ['PATH', 'HOME'];

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Variables {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

type File = { readonly path: string; readonly syntax: EnvironmentSyntax };

function warnOfLeftOut({ progress }: Tools, { path, syntax }: File, names: readonly string[]): void {
  for (const name of names) progress.warn(`${path} lacks ${name}: the syntax ${syntax} can't hold it (try --env-json)`);
}
