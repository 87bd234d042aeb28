// Other people's names and messages on a person's terminal: letters, never commands to it. Pure.

/** All but tab and line break; also what turns the direction of writing, so that text looks like another. */
const CONTROLS = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;

export function toPlainText(text: string): string {
  return text.replace(CONTROLS, '\ufffd');
}

/** JSON that a terminal can show, too: what JSON.stringify leaves as it is becomes an escape. */
export function toPlainJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
