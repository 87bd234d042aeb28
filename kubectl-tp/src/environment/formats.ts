// Environments as text. Pure.

export type EnvironmentText = {
  readonly text: string;
  /** Variables the syntax can't hold. */
  readonly leftOut: readonly string[];
};

/** The syntax of `docker run --env-file`: NAME=value to the end of the line, without quotes or escapes. */
export function formatDocker(variables: Readonly<Record<string, string>>): EnvironmentText {
  const entries = Object.entries(variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const holds = ([, value]: [string, string]) => !/[\r\n]/.test(value);
  return {
    text: entries
      .filter(holds)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    leftOut: entries.filter((entry) => !holds(entry)).map(([name]) => name),
  };
}
