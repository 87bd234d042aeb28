// The plugin is one package and several processes. The rooms of the CLI and those of the session process know nothing of
// each other, but for what both share; and what they share knows neither. Read from the imports, also of types.

import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';

const SOURCES = 'kubectl-tp/src/';
/** All else is shared: it may be loaded by each process, so it must not bring another one along. */
const ROOMS = {
  'the CLI': [
    'caller/',
    'commands/',
    'held/',
    'cli.ts',
    'command.ts',
    'connection-options.ts',
    'context.ts',
    'known-options.ts',
    'near-word.ts',
    'read-by-yargs.ts',
    'read-plain-words.ts',
    'run.ts',
    'spell-out-letters.ts',
    'usage-error.ts',
  ],
  'the session process': ['session/'],
} as const;
/** The session process's own: each may import those after it. */
const SESSION_ROOMS = ['calls/', 'networks/', 'intercepts/', 'containers/'].map((room) => `session/${room}`);
/** Decides which process to be. */
const CROSSROADS = 'main.ts';

type Owner = keyof typeof ROOMS;

export function findRoomProblems(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    if (!path.startsWith(SOURCES) || path === SOURCES + CROSSROADS) return [];
    return imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .flatMap(({ specifier }) => {
        const why = whyNot(path, posix.join(posix.dirname(path), specifier));
        return why === undefined ? [] : [`${path}: must not import ${specifier}: ${why}`];
      });
  });
}

function whyNot(from: string, to: string): string | undefined {
  const [own, other] = [ownerOf(from), ownerOf(to)];
  if (other !== undefined && other !== own) return `it is of ${other}, and the file of ${own ?? 'all processes'}`;
  const [above, below] = [sessionRoomOf(from), sessionRoomOf(to)];
  return below !== -1 && below < above ? `the order is ${SESSION_ROOMS.join(', ')}` : undefined;
}

/** A room that was renamed would be watched no longer. */
export function findEmptyRooms(files: readonly SourceFile[]): string[] {
  const rooms = [...Object.values(ROOMS).flat(), ...SESSION_ROOMS, CROSSROADS].map((room) => SOURCES + room);
  return rooms.filter((room) => !files.some(({ path }) => path.startsWith(room))).map((room) => `${room} is not there`);
}

/** Undefined for what is shared. */
function ownerOf(path: string): Owner | undefined {
  const owners = Object.keys(ROOMS) as Owner[];
  return owners.find((owner) => ROOMS[owner].some((room) => path.startsWith(SOURCES + room)));
}

const sessionRoomOf = (path: string): number => SESSION_ROOMS.findIndex((room) => path.startsWith(SOURCES + room));
