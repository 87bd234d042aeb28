// Errors of what laptop and relay share. They end one connection or one tunnel, never a process.

export const ERROR_CODES = {
  CONNECTION_RESET: 'The other end of a connection inside the tunnel reset it.',
  TUNNEL_LOST: 'The tunnel ended under a connection that was still open.',
  TUNNEL_SILENT: 'The other end of the tunnel answered no ping.',
  TUNNEL_PROTOCOL_VIOLATED: 'The other end of the tunnel sent something that no frame may look like.',
  SFTP_MALFORMED: 'Something on the way to the volumes of a pod sent what is no SFTP.',
} as const;
export type ProtocolErrorCode = keyof typeof ERROR_CODES;

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? ERROR_CODES[code] : `${ERROR_CODES[code]} (${detail})`, options);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
