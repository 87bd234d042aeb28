// Numbers and names of SFTP version 3 (draft-ietf-secsh-filexfer-02), as far as pod and laptop use them.

export const SFTP_VERSION = 3;

export const SFTP = {
  INIT: 1,
  VERSION: 2,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 200,
  /** Of our own, without a number of a request: the server ends now, nothing more will be answered. */
  LEAVING: 255,
} as const;

export const SFTP_STATUS = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  OP_UNSUPPORTED: 8,
  /** Of version 5; sshfs makes EIO of it, as of every number that version 3 does not have. */
  NO_SPACE: 14,
  /** Of our own, for EIO. FAILURE would be EPERM to programs. */
  INPUT_OUTPUT: 100,
} as const;
export type SftpStatus = (typeof SFTP_STATUS)[keyof typeof SFTP_STATUS];

export const OPEN_FLAG = { READ: 1, WRITE: 2, APPEND: 4, CREATE: 8, TRUNCATE: 16, EXCLUSIVE: 32 } as const;

/** rename(2) as POSIX has it; a plain RENAME refuses a name that is taken. */
export const POSIX_RENAME = 'posix-rename@openssh.com';
/** What VERSION tells. */
export const SFTP_EXTENSIONS = [POSIX_RENAME] as const;

/** OpenSSH's limit, of which sshfs takes a fourth: more is no packet of SFTP. */
export const MAX_PACKET_BYTES = 256 << 10;
