// Whether a helper that was killed has left this laptop's names to a resolver that is gone. Everybody may ask.

import { findLockHolder } from './lock-holder.ts';
import { isReplaced } from './resolv-conf-file.ts';

export const isLeftBehind = (): boolean => isReplaced() && findLockHolder() === undefined;
