// Errors of the lab: what went wrong on this machine and what to do about it.

export const ERROR_CODES = {
  LAB_MACHINE_UNFIT: 'The machine lacks something that a Kubernetes node needs.',
  LAB_COMMAND_FAILED: 'A program that the lab called ended with an error.',
  LAB_DEADLINE: 'A part of the lab was not ready in time.',
  LAB_NOT_RUNNING: 'The command needs a running lab.',
  LAB_USAGE: 'The command line of the lab was not understood.',
  LAB_UNKNOWN_CLUSTER: 'No way is known to load images into the cluster of this context.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** `hint` is the next thing to type or to read. */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'LabError';
    this.code = code;
    this.hint = options.hint;
  }
}
