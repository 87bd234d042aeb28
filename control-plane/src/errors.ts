// The errors of control plane, its Kubernetes client and its certificates: one class, one closed table of codes.
// docs/errors.md gives the remedy of each.

export const ERROR_CODES = {
  CONFIG_INVALID: 'An environment variable or the argument of the process is missing or malformed.',
  KUBE_CONFIG_INVALID: 'The kubeconfig names no cluster or cannot be read.',
  KUBERNETES_CREDENTIALS: 'The credentials for the API server could not be obtained.',
  KUBERNETES_REFUSED: 'The API server refused a request.',
  KUBERNETES_UNREACHABLE: 'The API server did not answer.',
  KUBERNETES_ANSWER_INVALID: 'The API server answered with something that is not the JSON it should be.',
  AUTHORITY_INVALID: 'The Secret of the certificate authority is damaged.',
  PUBLIC_KEY_INVALID: 'The public key of a Session is not PEM of an EC P-256 key.',
  HEADER_MALFORMED: 'A header condition is not of the form name=value.',
  HEADER_NOT_MATCHABLE: 'A header condition names a header that no request carries unchanged to the agent.',
  HEADER_TWICE: 'Two conditions of one intercept ask for different values of the same header.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export class ControlPlaneError extends Error {
  readonly code: ErrorCode;
  /** What to do next, for a person. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ControlPlaneError';
    this.code = code;
    this.hint = options.hint;
  }
}
