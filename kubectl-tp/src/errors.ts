// What can go wrong for a person at the command line: one error class, one closed table of codes, one place for the
// exit codes. docs/errors.md tells the remedies.

/** Exit codes of `kubectl tp`. With `-- CMD` the command's own code is passed on instead. */
export const EXIT = { ok: 0, internal: 1, usage: 2, cluster: 3, conflict: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const ERROR_CODES = {
  INTERNAL: 'The plugin has a defect or the machine refused something it needs.',
  USAGE: 'The command line is not understood.',
  BAD_HEADER: 'A --header value is not a header.',
  BAD_PORT: 'A port is not LOCAL or LOCAL:REMOTE.',
  BAD_TARGET: 'NAME is neither a Service nor KIND/NAME of a workload.',
  BAD_DURATION: 'A duration is not a number with s, m, h or d, or too long.',
  KUBECONFIG_INVALID:
    'The kubeconfig cannot be read, or does not have the context, cluster or user that was asked for.',
  CLUSTER_UNREACHABLE: 'The API server does not answer.',
  UNAUTHORIZED: 'The API server does not know the user.',
  MISSING_RIGHT: 'The user may not do what the command needs.',
  NOT_INSTALLED: 'The cluster part is not installed where the plugin looks for it.',
  VERSION_MISMATCH: 'The cluster part and the plugin are of different versions.',
  CLUSTER_TOO_OLD: 'The cluster lacks native sidecars.',
  INSTALL_NOT_READY: 'The cluster part was applied but does not become ready.',
  HELM_FAILED: 'helm ended with an error.',
  WEBHOOK_UNREACHABLE: 'The API server cannot call the webhook of the cluster part.',
  REQUEST_REFUSED: 'The API server refused a request for another reason than a missing right.',
  SESSION_NOT_ISSUED: 'The control plane issues no certificate for the session.',
  SESSION_PROCESS_FAILED: 'The session process does not start.',
  SESSION_PROCESS_LOST: 'The session process ended while a command talked to it.',
  NAMESPACE_NOT_FOUND: 'There is no such namespace.',
  TARGET_NOT_FOUND: 'There is no such Service or workload in the namespace.',
  PORT_NOT_FOUND: 'The target has no such port, or the number of its container port is unknown.',
  PORT_AMBIGUOUS: 'The target has several ports and none was chosen.',
  CONTAINER_NOT_FOUND: 'The pod has no container of that name.',
  BAD_MOUNT: 'The folder for the files of the pod cannot be used.',
  VOLUMES_UNREACHABLE: 'A pod does not serve its volumes to the laptop.',
  NOBODY_LISTENS: 'No process listens on the local port.',
  PORT_IN_USE: 'Another process listens on the local port that the command or the proxy is to take.',
  CONFLICT: 'Another intercept claims the same requests, or needs what was to be removed.',
  INTERCEPT_REFUSED: 'The intercept is not accepted by the cluster part.',
  INTERCEPT_ENDED: 'The intercept has ended while a command needed it.',
  IMAGE_PULL: 'An image cannot be pulled.',
  POD_REFUSED: 'The API server refuses new pods of the workload (quota, pod security, an admission webhook).',
  POD_FAILING: 'New pods of the workload do not start.',
  WORKLOAD_PAUSED: 'The workload is paused, so that its pods get no agent.',
  NO_READY_PODS: 'No pod of the target is ready.',
  NOT_INJECTED: 'The webhook did not give the pods their agent.',
  AGENT_REJECTED: 'An agent rejected its configuration.',
  PORT_FORWARD_FAILED: 'The API server refused or broke a port-forward.',
  TUNNEL_REFUSED: 'A relay refused the tunnel.',
  TUNNEL_DOWN: 'The laptop reaches no relay.',
  EXIT_CLOSED: 'No connection gets out by the pods that --via names.',
  CLUSTER_DNS_FAILED: 'The resolver of the cluster does not answer.',
  NETWORK_ENDED: 'The session that programs reached the cluster by was ended.',
  PROBE_MISSING: 'Agents are configured but do not reach the laptop.',
  WAIT_TIMEOUT: 'The intercept did not become ready in the given time.',
  COMMAND_NOT_STARTED: 'The command after -- cannot be started.',
  NAMESPACE_UNSUPPORTED: 'A network for one command cannot be had on this operating system.',
  NAMESPACE_TOOL_MISSING: 'The program unshare is missing or too old.',
  NAMESPACE_FORBIDDEN: 'The machine does not let its users make namespaces.',
  NAMESPACE_FAILED: "A command's own network cannot be set up.",
  TUN_UNAVAILABLE: 'The user cannot open /dev/net/tun.',
  LAPTOP_UNSUPPORTED: 'The whole laptop cannot join the network of a cluster on this operating system.',
  LAPTOP_TAKEN: 'The whole laptop is in the network of a cluster already.',
  LAPTOP_NAMES_FAILED: "Names of the cluster do not reach the laptop's programs.",
  LAPTOP_BLOCKED: "Connections by the cluster's interface do not come through on this laptop.",
  BAD_RANGE: 'A range of addresses is neither a CIDR nor a name, or one that never leads to a cluster.',
  HELPER_MISSING: 'The program that starts the root helper is not there.',
  HELPER_REFUSED: 'The root helper was not started as root.',
  HELPER_FAILED: "The root helper cannot change the laptop's network.",
  INTERRUPTED: 'The command was interrupted.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

const EXIT_CODES: Partial<Record<ErrorCode, ExitCode>> = {
  INTERNAL: EXIT.internal,
  SESSION_PROCESS_FAILED: EXIT.internal,
  SESSION_PROCESS_LOST: EXIT.internal,
  USAGE: EXIT.usage,
  BAD_HEADER: EXIT.usage,
  BAD_PORT: EXIT.usage,
  BAD_TARGET: EXIT.usage,
  BAD_DURATION: EXIT.usage,
  BAD_MOUNT: EXIT.usage,
  COMMAND_NOT_STARTED: EXIT.usage,
  NAMESPACE_UNSUPPORTED: EXIT.internal,
  NAMESPACE_TOOL_MISSING: EXIT.internal,
  NAMESPACE_FORBIDDEN: EXIT.internal,
  NAMESPACE_FAILED: EXIT.internal,
  TUN_UNAVAILABLE: EXIT.internal,
  NAMESPACE_NOT_FOUND: EXIT.conflict,
  LAPTOP_UNSUPPORTED: EXIT.internal,
  LAPTOP_TAKEN: EXIT.conflict,
  LAPTOP_NAMES_FAILED: EXIT.internal,
  LAPTOP_BLOCKED: EXIT.internal,
  BAD_RANGE: EXIT.usage,
  HELPER_MISSING: EXIT.internal,
  HELPER_REFUSED: EXIT.internal,
  HELPER_FAILED: EXIT.internal,
  TARGET_NOT_FOUND: EXIT.conflict,
  PORT_NOT_FOUND: EXIT.conflict,
  PORT_AMBIGUOUS: EXIT.conflict,
  CONTAINER_NOT_FOUND: EXIT.conflict,
  NOBODY_LISTENS: EXIT.conflict,
  PORT_IN_USE: EXIT.conflict,
  CONFLICT: EXIT.conflict,
  INTERCEPT_REFUSED: EXIT.conflict,
  INTERCEPT_ENDED: EXIT.conflict,
  INTERRUPTED: EXIT.interrupted,
};

/** Whatever is not listed has its cause in the cluster or in the rights there. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_CODES[code] ?? EXIT.cluster;
}

/** An error for a person: `message` says what happened and why, `hint` what to type next. */
export class TpError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'TpError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** An error as data: between session process and CLI, and for `-o json`. */
export type ErrorDescription = { code: ErrorCode; message: string; hint?: string };

export function describeError(error: unknown): ErrorDescription {
  if (error instanceof TpError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, hint: 'Run it again with TP_DEBUG=1 to see where this comes from.' };
}

export function fromDescription({ code, message, hint }: ErrorDescription): TpError {
  return new TpError(code, message, { hint });
}
