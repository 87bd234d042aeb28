// Ends a service of the shop as Kubernetes expects: on SIGTERM it goes on serving until callers have moved to other
// pods, finishes what it has begun, then exits.

/** Time for every node's kube-proxy to learn that this pod is ending. */
const CALLERS_MOVE_MS = 1500;

/** `stopAccepting` ends listening and calls back when the last request is answered. */
export function endPolitely(stopAccepting: (done: () => void) => void): void {
  process.once('SIGTERM', () => {
    setTimeout(() => stopAccepting(() => process.exit(0)), CALLERS_MOVE_MS);
  });
}
