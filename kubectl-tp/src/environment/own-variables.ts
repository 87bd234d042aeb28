// What a process is told of the intercept itself, by our names and by those that users of Telepresence know. Pure.

export type OwnFacts = {
  /** Name of the intercept and its session; undefined where there is only an environment. */
  readonly intercept?: string;
  readonly session?: string;
  readonly container?: string;
  readonly volumes?: { readonly root: string; readonly mounts: readonly string[] };
};

export function ownVariables({ intercept, session, container, volumes }: OwnFacts): Record<string, string> {
  return {
    ...(intercept === undefined ? {} : { TP_INTERCEPT: intercept }),
    ...(session === undefined ? {} : { TP_SESSION: session }),
    ...(intercept === undefined || session === undefined
      ? {}
      : { TELEPRESENCE_INTERCEPT_ID: `${session}:${intercept}` }),
    ...(container === undefined ? {} : { TELEPRESENCE_CONTAINER: container }),
    ...(volumes === undefined
      ? {}
      : { TP_ROOT: volumes.root, TELEPRESENCE_ROOT: volumes.root, TELEPRESENCE_MOUNTS: volumes.mounts.join(':') }),
  };
}
