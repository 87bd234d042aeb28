// Notices that the laptop has slept: its clock went on while the process stood still.

const LOOK_INTERVAL_MS = 1000;
/** Longer than any pause of a busy process, shorter than what a relay waits for an answer to its ping. */
const SLEEP_MS = 4000;

/** Calls `onWake` after each sleep until the returned function is called. */
export function watchSleep(onWake: () => void, now: () => number = Date.now): () => void {
  let lastMs = now();
  const timer = setInterval(() => {
    const sleptMs = now() - lastMs - LOOK_INTERVAL_MS;
    lastMs = now();
    if (sleptMs > SLEEP_MS) onWake();
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
