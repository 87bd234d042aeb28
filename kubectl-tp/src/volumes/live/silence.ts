// When a pod that owes an answer is taken for gone.

/** With requests waiting and not a byte coming: the pod, or the way to it, is gone. */
export const SILENCE_MS = 3000;

export function silent(): Error {
  return new Error(`the pod answers nothing for ${SILENCE_MS / 1000} s`);
}
