// Times of Leases as the API has them (meta/v1 MicroTime).

/** RFC 3339 with exactly six digits behind the second. */
export function formatMicroTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}
