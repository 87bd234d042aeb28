// The certificate library, loaded in the order it insists on, and the one key algorithm this project uses.
import 'reflect-metadata'; // must come before the library

export * from '@peculiar/x509';

/** EC P-256: small, fast, and known to every TLS library. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
