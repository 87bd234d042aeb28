// The errors of the relay: why a laptop's tunnel is refused (sent to the laptop as JSON), or why the relay does not start.

export const ERROR_CODES = {
  RELAY_CONFIG_INVALID: 'An environment variable of the relay is missing or malformed.',
  TUNNEL_REQUEST_INVALID: 'The request is not one for a tunnel of this version.',
  PROOF_MISSING: 'The request carries no proof of the session.',
  PROOF_INVALID: 'The proof is expired, signed by another key, or made for another session or relay.',
  PROOF_REPLAYED: 'The proof has been used before.',
  TUNNEL_SESSION_UNKNOWN: 'The Session does not exist (any more).',
  REACH_UNCHECKED: 'The control plane could not be asked what a session may dial.',
  RELAY_UNAVAILABLE: 'The relay could not check the session now.',
} as const;
export type RelayErrorCode = keyof typeof ERROR_CODES;

export class RelayError extends Error {
  readonly code: RelayErrorCode;

  constructor(code: RelayErrorCode, message: string = ERROR_CODES[code], options?: ErrorOptions) {
    super(message, options);
    this.name = 'RelayError';
    this.code = code;
  }
}

/** HTTP status of a refusal. */
export const REFUSAL_STATUS: Record<RelayErrorCode, number> = {
  RELAY_CONFIG_INVALID: 500,
  TUNNEL_REQUEST_INVALID: 426,
  PROOF_MISSING: 401,
  PROOF_INVALID: 403,
  PROOF_REPLAYED: 403,
  TUNNEL_SESSION_UNKNOWN: 404,
  REACH_UNCHECKED: 503,
  RELAY_UNAVAILABLE: 503,
};
