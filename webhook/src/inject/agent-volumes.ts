// The agent's volumes: a scratch directory for its admin socket, and the token by which the control plane knows it.

import { AGENT_SDS_ANNOTATION, TOKEN_AUDIENCE } from '@kubectl-tp/control-plane/api';
import { TOKEN_FILE, TOKEN_SECRET_FILE } from '@kubectl-tp/xds/bootstrap';
import type { Volume } from './pod.ts';

export const AGENT_VOLUMES = { socket: 'tp-agent-socket', token: 'tp-agent-token' } as const;
export const SOCKET_DIRECTORY = '/var/run/kubectl-tp/socket';
/** Where Kubernetes would mount the pod's token for the API server, which is not the agent's to have. */
export const TOKEN_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Only programs in the agent's own container reach it. */
export const ADMIN_SOCKET = `${SOCKET_DIRECTORY}/admin.sock`;

/** The kubelet replaces the token when four fifths of this have passed; shorter only makes more of that. */
const TOKEN_LIFETIME_SECONDS = 3600;

export function buildAgentVolumes(): Volume[] {
  const socket = { name: AGENT_VOLUMES.socket, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } };
  const token = {
    name: AGENT_VOLUMES.token,
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience: TOKEN_AUDIENCE,
            expirationSeconds: TOKEN_LIFETIME_SECONDS,
            path: TOKEN_FILE,
          },
        },
        {
          // Envoy reads secrets from a file in its own format; the downward API writes that file from an annotation.
          downwardAPI: {
            items: [
              {
                path: TOKEN_SECRET_FILE,
                fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${AGENT_SDS_ANNOTATION}']` },
              },
            ],
          },
        },
      ],
    },
  };
  return [socket, token];
}
