// The filter that puts the pod's service account token on the stream's request. Envoy reads the token by a secret in a
// file, because it watches such files: a rotated token is what the next stream carries.

import { CredentialInjectorSchema } from '../proto/generated/envoy/extensions/filters/http/credential_injector/v3/credential_injector_pb.ts';
import { GenericSchema } from '../proto/generated/envoy/extensions/http/injected_credentials/generic/v3/generic_pb.ts';
import { buildExtension, buildTypedConfig } from '../translator/typed-config.ts';
import { TOKEN_SECRET, TOKEN_SECRET_FILE } from './token-secret-file.ts';

export function buildTokenInjector(directory: string) {
  const path = `${directory}/${TOKEN_SECRET_FILE}`;
  const sdsConfig = {
    configSourceSpecifier: {
      case: 'pathConfigSource' as const,
      value: { path, watchedDirectory: { path: directory } },
    },
  };
  return buildExtension('envoy.filters.http.credential_injector', CredentialInjectorSchema, {
    overwrite: true,
    credential: {
      name: 'envoy.http.injected_credentials.generic',
      typedConfig: buildTypedConfig(GenericSchema, {
        headerValuePrefix: 'Bearer ',
        credential: { name: TOKEN_SECRET, sdsConfig },
      }),
    },
  });
}
