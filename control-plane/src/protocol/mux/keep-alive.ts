// Notices that the other end of a tunnel is gone although the connection says nothing: frozen, asleep, unplugged.

/** Both ends ping this often; when nothing at all arrives between two pings the tunnel is dead. */
export const PING_INTERVAL_MS = 3000;

export type KeepAlive = {
  readonly roundTripMs: number | undefined;
  /** Anything arrived: on a busy link the answer to a ping may wait behind data. */
  onHeard(): void;
  onPong(stamp: number): void;
  /** Pings now: the tunnel is dead when nothing arrives within that time. */
  check(limitMs: number): void;
  close(): void;
};

/** Pings from now on until `close` or `onSilence`. A ping carries the time it left, so that its answer tells the round trip. */
export function createKeepAlive({
  ping,
  onSilence,
}: {
  ping: (stamp: number) => void;
  onSilence: () => void;
}): KeepAlive {
  let heard = 1;
  let heardBefore = 0;
  let roundTripMs: number | undefined;
  const checks = new Set<NodeJS.Timeout>();
  const sendPing = () => ping(performance.now());
  const timer = setInterval(() => {
    if (heard === heardBefore) return onSilence();
    heardBefore = heard;
    sendPing();
  }, PING_INTERVAL_MS);
  // The first round trip is known at once.
  setImmediate(sendPing);
  return {
    get roundTripMs() {
      return roundTripMs;
    },
    onHeard() {
      heard += 1;
    },
    onPong(stamp) {
      roundTripMs = Math.max(0, performance.now() - stamp);
    },
    check(limitMs) {
      const before = heard;
      sendPing();
      const limit = setTimeout(() => {
        checks.delete(limit);
        if (heard === before) onSilence();
      }, limitMs);
      checks.add(limit);
    },
    close() {
      clearInterval(timer);
      for (const limit of checks) clearTimeout(limit);
    },
  };
}
