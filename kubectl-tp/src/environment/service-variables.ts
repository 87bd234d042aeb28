// The variables that the kubelet gives every container for the Services it may call. Pure.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables

import type { Service } from '../kubernetes/objects.ts';

/** The API server's own Service, in the namespace `default`: every container gets its variables. */
export const API_SERVICE = { name: 'kubernetes', namespace: 'default' };

/**
 * Stands for it where the user may not look into `default`, as most may not: its name is as good as its address to whoever
 * has joined the cluster's network, and it has one port since Kubernetes 1.0.
 */
export const API_SERVICE_BY_NAME: Service = {
  metadata: API_SERVICE,
  spec: { clusterIP: 'kubernetes.default.svc', ports: [{ name: 'https', port: 443 }] },
};

/** Of two Services with one name the later wins. Headless ones have no address to tell. */
export function serviceVariables(services: readonly Service[]): Record<string, string> {
  return Object.fromEntries(services.flatMap(variablesOf));
}

function variablesOf({ metadata, spec }: Service): [string, string][] {
  const { clusterIP: host = '', ports = [] } = spec;
  const [first] = ports;
  if (host === '' || host === 'None' || first === undefined) return [];
  const prefix = variableName(metadata.name);
  const named = ports.flatMap(({ name, port }): [string, string][] =>
    name ? [[`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)]] : [],
  );
  return [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named,
    [`${prefix}_PORT`, address(first, host)],
    ...ports.flatMap((port) => linkVariables(prefix, port, host)),
  ];
}

type Port = { readonly port: number; readonly protocol?: string };

/** In the form of Docker's container links. */
function linkVariables(prefix: string, { port, protocol = 'TCP' }: Port, host: string): [string, string][] {
  const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
  return [
    [name, address({ port, protocol }, host)],
    [`${name}_PROTO`, protocol.toLowerCase()],
    [`${name}_PORT`, String(port)],
    [`${name}_ADDR`, host],
  ];
}

function address({ port, protocol = 'TCP' }: Port, host: string): string {
  return `${protocol.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
