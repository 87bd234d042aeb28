// The words by which main.ts knows that it is to be another process than the CLI; alone, so that main.ts loads nothing
// else for them.

export const SESSION_PROCESS_WORD = '__session';
/** The process that sets up a command's own network, and runs the command in it. */
export const NAMESPACE_PROCESS_WORD = '__namespace';
/** The process that mounts live volumes in a command's own mount namespace. */
export const MOUNT_PROCESS_WORD = '__mount';
/** The process that changes the laptop's network, as root. */
export const HELPER_PROCESS_WORD = '__helper';
