// What the control plane has said about one thing of one session counts for a while, so that a relay asks seldom, and
// longer while nobody answers. What is asked, and what an answer means, is for others to know.

/** Any process of the control plane may end; with all of them away, laptops keep what they have for so long. */
const GRACE_MS = 10 * 60_000;
/** So long nobody waits for a control plane that is away, where there is an older answer. */
const AWAY_MS = 5000;
/** Questions on their way for one session: who scans addresses is slowed down, and keeps nobody else waiting. */
const MAX_ASKED_AT_ONCE = 64;

/** Why there is no answer. */
export type NoAnswer = 'too-many' | 'unchecked';

export type SessionAnswers<Answer> = {
  /** `ask` asks the control plane, and throws when it does not answer; this never throws. */
  find(session: string, key: string, ask: () => Promise<Answer>): Answer | Promise<Answer | NoAnswer> | NoAnswer;
  /** The session has ended. */
  forget(session: string): void;
};

export type SessionAnswersOptions<Answer> = {
  /** How long it counts while the control plane could be asked again. */
  readonly freshMs: (answer: Answer) => number;
  /** It counts also while nobody can be asked. */
  readonly isKept: (answer: Answer) => boolean;
  /** Answers for one session. */
  readonly maxRemembered: number;
  readonly now: () => number;
  /** Hears, now and then, why the control plane could not be asked. */
  readonly onTrouble: (error: unknown) => void;
};

type Remembered<Answer> = { readonly answer: Answer; readonly untilMs: number; readonly graceEndMs: number };

type SessionMemory<Answer> = {
  readonly known: Map<string, Remembered<Answer>>;
  readonly asking: Map<string, Promise<Answer | NoAnswer>>;
};

export function createSessionAnswers<Answer>(options: SessionAnswersOptions<Answer>): SessionAnswers<Answer> {
  const { freshMs, isKept, maxRemembered, now, onTrouble } = options;
  type Known = SessionMemory<Answer>['known'];
  const sessions = new Map<string, SessionMemory<Answer>>();
  let quietUntilMs = Number.NEGATIVE_INFINITY;

  async function consult(known: Known, key: string, ask: () => Promise<Answer>): Promise<Answer | NoAnswer> {
    try {
      const answer = await ask();
      remember(known, key, answer);
      return answer;
    } catch (error) {
      report(error);
      return rememberedLonger(known, key);
    }
  }

  /** A control plane that is away is no news with each connection of each laptop. */
  function report(error: unknown): void {
    if (now() < quietUntilMs) return;
    quietUntilMs = now() + AWAY_MS;
    onTrouble(error);
  }

  function remember(known: Known, key: string, answer: Answer): void {
    const untilMs = now() + freshMs(answer);
    // Whoever was asked about last is forgotten last.
    known.delete(key);
    const [oldest] = known.size < maxRemembered ? [] : known.keys();
    if (oldest !== undefined) known.delete(oldest);
    known.set(key, { answer, untilMs, graceEndMs: untilMs + GRACE_MS });
  }

  function rememberedLonger(known: Known, key: string): Answer | NoAnswer {
    const before = known.get(key);
    if (before === undefined || !isKept(before.answer) || now() >= before.graceEndMs) return 'unchecked';
    known.set(key, { ...before, untilMs: Math.min(now() + AWAY_MS, before.graceEndMs) });
    return before.answer;
  }

  return {
    find(session, key, ask) {
      const memory = sessions.get(session) ?? { known: new Map(), asking: new Map() };
      const known = memory.known.get(key);
      if (known !== undefined && now() < known.untilMs) return known.answer;
      const asked = memory.asking.get(key);
      if (asked !== undefined) return asked;
      if (memory.asking.size >= MAX_ASKED_AT_ONCE) return 'too-many';
      const asking = consult(memory.known, key, ask).finally(() => {
        memory.asking.delete(key);
        if (memory.asking.size + memory.known.size === 0 && sessions.get(session) === memory) sessions.delete(session);
      });
      memory.asking.set(key, asking);
      sessions.set(session, memory);
      return asking;
    },
    forget: (session) => void sessions.delete(session),
  };
}
