// Dials in the cluster what the address that a program has called stands for.

import type { Dialer, Endpoint } from '../outbound/dialer.ts';
import type { AddressTranslation } from './address-translation.ts';

export function createTranslatingDialer(dialer: Dialer, { realOf }: Pick<AddressTranslation, 'realOf'>): Dialer {
  const real = ({ host, port }: Endpoint): Endpoint => ({ host: realOf(host), port });
  return {
    connect: (to, signal) => dialer.connect(real(to), signal),
    openDatagrams: (to, handlers) => dialer.openDatagrams(real(to), handlers),
  };
}
