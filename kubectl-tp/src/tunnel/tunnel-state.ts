// The life of the tunnel to one relay, as data. What a state means for the network is keep-tunnel's business.

export type TunnelState =
  /** Connecting, or asking for the tunnel. Attempts count from 0 since the trouble began at `lostAtMs`. */
  | { name: 'dialing'; sinceMs: number; attempt: number; lostAtMs: number }
  /** The relay can send connections. */
  | { name: 'up'; sinceMs: number }
  /** The relay is ending: connections live on, new ones go to other relays. */
  | { name: 'draining'; sinceMs: number }
  /** Between two attempts. */
  | { name: 'waiting'; sinceMs: number; attempt: number; lostAtMs: number; error: Error }
  /** Over: the relay's pod or the session process is going. */
  | { name: 'closed'; sinceMs: number };

export type TunnelEvent =
  | { name: 'dial' }
  | { name: 'connected' }
  | { name: 'goAway' }
  | { name: 'lost'; error: Error }
  /** The laptop has slept, or the network changed: forget how often it failed. */
  | { name: 'wake' }
  | { name: 'close' };

export const FIRST_REDIAL_MS = 100;
export const LAST_REDIAL_MS = 5000;
/** A relay that restarts is back within seconds: for this long the wait stays short. */
export const HURRY_MS = 15_000;
export const HURRIED_REDIAL_MS = 300;

export function startingState(nowMs: number): TunnelState {
  return { name: 'dialing', sinceMs: nowMs, attempt: 0, lostAtMs: nowMs };
}

export function transition(state: TunnelState, event: TunnelEvent, nowMs: number): TunnelState {
  if (state.name === 'closed') return state;
  switch (event.name) {
    case 'dial':
      return { name: 'dialing', sinceMs: nowMs, ...troubleOf(state, nowMs) };
    case 'connected':
      return { name: 'up', sinceMs: nowMs };
    case 'goAway':
      return state.name === 'up' ? { name: 'draining', sinceMs: nowMs } : state;
    case 'lost': {
      const { attempt, lostAtMs } = troubleOf(state, nowMs);
      return { name: 'waiting', sinceMs: nowMs, attempt: attempt + 1, lostAtMs, error: event.error };
    }
    case 'wake':
      return state.name === 'waiting' ? { ...state, attempt: 0, lostAtMs: nowMs } : state;
    case 'close':
      return { name: 'closed', sinceMs: nowMs };
  }
}

function troubleOf(state: TunnelState, nowMs: number): { attempt: number; lostAtMs: number } {
  if (state.name !== 'dialing' && state.name !== 'waiting') return { attempt: 0, lostAtMs: nowMs };
  return { attempt: state.attempt, lostAtMs: state.lostAtMs };
}

/** How long to wait before the next attempt. `random` is in [0, 1): jitter, so that laptops don't come back in step. */
export function redialDelayMs(state: TunnelState, nowMs: number, random: number): number {
  if (state.name !== 'waiting') return 0;
  const doubled = Math.min(FIRST_REDIAL_MS * 2 ** (state.attempt - 1), LAST_REDIAL_MS);
  const isHurried = nowMs - state.lostAtMs < HURRY_MS;
  return (isHurried ? Math.min(doubled, HURRIED_REDIAL_MS) : doubled) * (0.75 + random / 4);
}
