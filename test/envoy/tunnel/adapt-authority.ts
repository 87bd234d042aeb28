// The control plane's own certificates in the form that a test's agent wants them.

import type { Authority } from '../../../control-plane/src/certificates/authority.ts';
import { issueKeyedCertificate } from '../../../control-plane/src/certificates/issue.ts';
import type { TestAuthority } from '../xds-translator/helpers/test-authority.ts';

export function adaptAuthority(authority: Authority): TestAuthority {
  return {
    pem: authority.bundle,
    async issue({ type, value }) {
      const names =
        type === 'dns'
          ? { dnsNames: [value], usages: ['server' as const] }
          : { uris: [value], usages: ['client' as const] };
      const { certificate, privateKey } = await issueKeyedCertificate(authority, { ...names, nowMs: Date.now() });
      return { certificateChain: certificate, privateKey };
    },
  };
}
