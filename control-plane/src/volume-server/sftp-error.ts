// Why a request of a laptop is refused, as a status of SFTP.

import { ProtocolError } from '../protocol/errors.ts';
import { SFTP_STATUS, type SftpStatus } from '../protocol/sftp/words.ts';

export class SftpError extends Error {
  readonly status: SftpStatus;

  constructor(name: keyof typeof SFTP_STATUS) {
    super(name);
    this.name = 'SftpError';
    this.status = SFTP_STATUS[name];
  }
}

/** What sshfs makes the nearest error of the laptop's system of. Any other is FAILURE, for which sshfs looks itself. */
const STATUS_OF_CODE: Readonly<Record<string, SftpStatus>> = {
  ENOENT: SFTP_STATUS.NO_SUCH_FILE,
  ENOTDIR: SFTP_STATUS.NO_SUCH_FILE,
  EACCES: SFTP_STATUS.PERMISSION_DENIED,
  EPERM: SFTP_STATUS.PERMISSION_DENIED,
  EROFS: SFTP_STATUS.PERMISSION_DENIED,
  ELOOP: SFTP_STATUS.PERMISSION_DENIED,
  ENOSPC: SFTP_STATUS.NO_SPACE,
  EDQUOT: SFTP_STATUS.NO_SPACE,
  EIO: SFTP_STATUS.INPUT_OUTPUT,
  ESTALE: SFTP_STATUS.INPUT_OUTPUT,
};

export function statusOf(error: unknown): SftpStatus {
  if (error instanceof SftpError) return error.status;
  if (error instanceof ProtocolError) return SFTP_STATUS.BAD_MESSAGE;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return STATUS_OF_CODE[code] ?? SFTP_STATUS.FAILURE;
}
