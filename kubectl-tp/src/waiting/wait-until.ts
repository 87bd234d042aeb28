// One way to wait: tell what is waited for, bear what keeps it for its grace, and stop with the cause.

import { type ErrorCode, TpError } from '../errors.ts';
import type { Cause } from '../kubernetes/why-not-ready.ts';
import type { Bell } from './bell.ts';

/** `cause`: what keeps it from succeeding, an error once it has lasted for its grace. */
export type Waiting = { readonly step: string; readonly cause?: Cause | undefined };

export type WaitOptions = {
  /** Undefined when there is nothing left to wait for; throws what ends the wait at once. */
  readonly look: () => Waiting | undefined;
  /** Rings when it is worth looking again. */
  readonly bell: Bell;
  readonly timeoutMs: number;
  /** The error when the time is over; `said` is what was waited for last. */
  readonly timedOut: (said: string) => TpError;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

const WORTH_A_WORD_MS = 1000;

/** Throws the cause, `timedOut`'s error, or the signal's reason. */
export async function waitUntil({ look, bell, timeoutMs, timedOut, signal, progress }: WaitOptions): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  const patience = createPatience();
  let said = '';
  for (;;) {
    const waiting = look();
    if (waiting === undefined) return;
    const nowMs = Date.now();
    const patienceMs = patience.leftMs(waiting.cause, nowMs);
    const text = describe(waiting, patienceMs);
    if (text !== said) progress(text);
    said = text;
    if (waiting.cause !== undefined && patienceMs <= 0) throw asError(waiting.cause);
    if (nowMs >= deadlineMs) throw timedOut(said);
    await bell.wait(Math.min(patienceMs, deadlineMs - nowMs, WORTH_A_WORD_MS), signal);
  }
}

/** A cause is worth a word once it has lasted: many pass within a moment. */
function describe({ step, cause }: Waiting, patienceMs: number): string {
  const isNews = cause !== undefined && cause.graceMs - patienceMs >= WORTH_A_WORD_MS && !step.includes(cause.message);
  return isNews ? `${step} (${cause.message})` : step;
}

/** What is left of a cause's grace, counted from when its code was first seen without a break. */
function createPatience() {
  let code: ErrorCode | undefined;
  let sinceMs = 0;
  return {
    leftMs(cause: Cause | undefined, nowMs: number): number {
      if (cause?.code !== code) sinceMs = nowMs;
      code = cause?.code;
      return cause === undefined ? Number.POSITIVE_INFINITY : sinceMs + cause.graceMs - nowMs;
    },
  };
}

function asError({ code, message, hint }: Cause): TpError {
  return new TpError(code, message, { hint: hint === '' ? undefined : hint });
}
