// What many measured values come to.

/** The value that this part of the values is below: 0.5 is the median, 0.99 what all but a hundredth stay under. */
export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
