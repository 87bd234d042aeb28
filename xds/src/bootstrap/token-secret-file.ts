// The file by which Envoy finds the pod's service account token. It says the same in every pod; as a volume from the
// pod's annotation it needs no ConfigMap in each namespace.

export const TOKEN_SECRET = 'service-account-token';

/** Names of the two files in the identity directory. */
export const TOKEN_FILE = 'token';
export const TOKEN_SECRET_FILE = 'sds.json';

/**
 * Content of TOKEN_SECRET_FILE for a token in `<directory>/token`. The kubelet replaces both files at once by renaming
 * a link in their directory, which is what Envoy has to watch.
 */
export function buildTokenSecretFile(directory: string): string {
  const secret = { filename: `${directory}/${TOKEN_FILE}`, watched_directory: { path: directory } };
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
  return JSON.stringify({ resources: [{ '@type': type, name: TOKEN_SECRET, generic_secret: { secret } }] });
}
