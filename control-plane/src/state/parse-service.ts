// Services as the API server has them -> ServiceModel.

import type { KubernetesObject } from '../kubernetes/types.ts';
import type { ServiceModel } from './cluster-state.ts';

export type RawService = KubernetesObject & {
  spec?: {
    type?: string;
    clusterIP?: string;
    clusterIPs?: string[];
    selector?: Record<string, string>;
    ports?: {
      name?: string;
      port: number;
      targetPort?: number | string;
      protocol?: 'TCP' | 'UDP' | 'SCTP';
      appProtocol?: string;
    }[];
  };
};

export function parseService({ metadata, spec }: RawService): ServiceModel {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    selector: parseSelector(spec),
    headless: spec?.clusterIP === 'None',
    clusterIps: parseClusterIps(spec),
    ports: (spec?.ports ?? []).map(({ name, port, targetPort = port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      targetPort,
      protocol,
      appProtocol,
    })),
  };
}

/** `None` and an empty text stand for none. */
function parseClusterIps({ type, clusterIP = '', clusterIPs = [clusterIP] }: RawService['spec'] = {}): string[] {
  return type === 'ExternalName' ? [] : clusterIPs.filter((ip) => ip !== '' && ip !== 'None');
}

/** An empty selector selects nothing, and an external name has no pods. */
function parseSelector(spec: RawService['spec']): ServiceModel['selector'] {
  const { selector = {}, type } = spec ?? {};
  return type === 'ExternalName' || Object.keys(selector).length === 0 ? undefined : selector;
}
