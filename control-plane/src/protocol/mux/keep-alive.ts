// Notices that the other end of a tunnel is gone although the connection says nothing: frozen, asleep, unplugged.

/** Both ends ping this often; when nothing at all arrives between two pings the tunnel is dead. */
export const PING_INTERVAL_MS = 3000;

export type KeepAlive = {
  readonly roundTripMs: number | undefined;
  /** Anything arrived: on a busy link the answer to a ping may wait behind data. */
  onHeard(): void;
  onPong(stamp: number): void;
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
  let hasHeard = true;
  let roundTripMs: number | undefined;
  const sendPing = () => ping(performance.now());
  const timer = setInterval(() => {
    if (!hasHeard) return onSilence();
    hasHeard = false;
    sendPing();
  }, PING_INTERVAL_MS);
  // The first round trip is known at once.
  setImmediate(sendPing);
  return {
    get roundTripMs() {
      return roundTripMs;
    },
    onHeard() {
      hasHeard = true;
    },
    onPong(stamp) {
      roundTripMs = Math.max(0, performance.now() - stamp);
    },
    close: () => clearInterval(timer),
  };
}
