// The one error of this package and the closed table of its codes; docs/errors.md gives each code's remedy.

export const ERROR_CODES = {
  XDS_BOOTSTRAP_INVALID: 'An agent was described that Envoy could not start with.',
  XDS_DUPLICATE_RESOURCE: 'Two Envoy resources of one type and one agent have the same name.',
  XDS_LISTEN_FAILED: 'The discovery server could not open its port.',
} as const;
export type XdsErrorCode = keyof typeof ERROR_CODES;

export class XdsError extends Error {
  readonly code: XdsErrorCode;
  readonly hint: string | undefined;

  constructor(code: XdsErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'XdsError';
    this.code = code;
    this.hint = options.hint;
  }
}
