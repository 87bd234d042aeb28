// How long the path of a unix socket may be.

/** The kernel's limit, less its closing zero (104 bytes on macOS, 108 on Linux). */
export const MAX_SOCKET_PATH_BYTES = 103;
