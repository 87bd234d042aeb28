// The errors of the webhook: one class, one closed table of codes. docs/errors.md gives the remedy of each.

export const ERROR_CODES = {
  WEBHOOK_CONFIG_INVALID: 'An environment variable of the webhook is missing or malformed.',
  CERTIFICATE_INVALID: 'The Secret with the certificate of the webhook is damaged.',
  REVIEW_INVALID: 'The body of a request is not an AdmissionReview of the kind this path is for.',
  SPEC_INVALID: 'An Intercept or Session is malformed.',
  SESSION_UNKNOWN: 'An Intercept names a Session that does not exist.',
  SESSION_FOREIGN: 'An Intercept names a Session that belongs to somebody else.',
  OWNER_CHANGED: 'An update would give an object to somebody else.',
  NAME_INVALID: 'The name of an Intercept or Session cannot be part of a server name.',
  SESSION_NAME_INVALID: 'The name of a Session does not end in the hash of its public key.',
  EXPIRY_PAST: 'An Intercept would have ended before it began.',
  READS_EXHAUSTED: 'Too many reviews came at once that need a question to the API server.',
  INTERCEPT_CONFLICT: 'Another Intercept gets some of the same requests.',
  SESSION_KEY_INVALID: 'The public key of a Session is not PEM of an EC P-256 key.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export class WebhookError extends Error {
  readonly code: ErrorCode;
  /** What to do next, for a person. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WebhookError';
    this.code = code;
    this.hint = options.hint;
  }
}
