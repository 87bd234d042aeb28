// The server's TLS identity, renewable at run time: grpc-js hands each change to the listening socket, so connections
// made from then on see the new certificate.

import { ServerCredentials } from '@grpc/grpc-js';

/** PEM. The chain begins with the server's own certificate. */
export type ServerIdentity = { readonly certificateChain: string; readonly privateKey: string };

export type RenewableCredentials = ServerCredentials & { renew(identity: ServerIdentity): void };

export function createServerCredentials(identity: ServerIdentity): RenewableCredentials {
  return new RenewableServerCredentials(identity);
}

class RenewableServerCredentials extends ServerCredentials {
  constructor(identity: ServerIdentity) {
    super({ minVersion: 'TLSv1.3' }, toContext(identity));
  }

  renew(identity: ServerIdentity): void {
    this.updateSecureContextOptions(toContext(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function toContext({ certificateChain, privateKey }: ServerIdentity) {
  return { cert: certificateChain, key: privateKey, minVersion: 'TLSv1.3' as const };
}
