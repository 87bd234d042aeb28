// The word by which main.ts knows that it is to be a session process; alone, so that main.ts loads nothing else for it.

export const SESSION_PROCESS_WORD = '__session';
