// Quantities of Kubernetes such as 64Mi, 250m, 1e3: exact numbers, because the kubelet's are. Pure.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

/** Kubernetes keeps no finer part of a unit and rounds up what is. */
const NANO = 1_000_000_000n;

const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENTS: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** In billionths; undefined for what is no quantity. */
export function parseQuantity(text: string): bigint | undefined {
  const [match, sign, whole = '', fraction = '', exponent, suffix = ''] = QUANTITY.exec(text) ?? [];
  if (match === undefined || whole + fraction === '') return undefined;
  const binary = BINARY_EXPONENTS[suffix];
  const ten = Number(exponent ?? (binary === undefined ? DECIMAL_EXPONENTS[suffix] : 0)) - fraction.length;
  const digits = BigInt(whole + fraction) * NANO * (binary === undefined ? 1n : 1n << binary);
  const size = ten < 0 ? divideUp(digits, 10n ** BigInt(-ten)) : digits * 10n ** BigInt(ten);
  return sign === '-' ? -size : size;
}

/** How many times `divisor` fits, rounded up, both rounded up to the `unit` before (in billionths). */
export function countUp(quantity: bigint, divisor: bigint, unit: bigint): bigint {
  return divideUp(divideUp(quantity, unit), divideUp(divisor, unit));
}

/** For what is not negative. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
