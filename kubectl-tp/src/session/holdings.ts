// What this process has for its user, whichever call it came by.

import type { VolumeBook } from '../volumes/volume-book.ts';
import type { Session } from './session.ts';

export type Holdings = { readonly session: Session; readonly volumes: VolumeBook };
