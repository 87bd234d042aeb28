// Which pods a Service means.

type Labels = Readonly<Record<string, string>>;

/** As for Services: a selector that is empty, or none, selects nothing. */
export function isSelectedBy(selector: Labels = {}, labels: Labels = {}): boolean {
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([name, value]) => labels[name] === value);
}
