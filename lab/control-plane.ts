// Command lines of the lab's own Kubernetes control plane: etcd, API server, controllers, scheduler, DNS.

import { join } from 'node:path';
import {
  API_PORT,
  DNS_SERVICE_IP,
  kubeconfigOf,
  type Lab,
  POD_CIDR,
  POD_CIDR6,
  SERVICE_CIDR,
  SERVICE_CIDR6,
} from './lab.ts';
import type { Daemon } from './processes.ts';

const ETCD = 'http://127.0.0.1:12379';
const ETCD_PEER = 'http://127.0.0.1:12380';

export function etcd(lab: Lab): Daemon {
  return {
    name: 'etcd',
    args: [
      '--name=lab',
      `--data-dir=${join(lab.folders.data, 'etcd')}`,
      `--listen-client-urls=${ETCD}`,
      `--advertise-client-urls=${ETCD}`,
      `--listen-peer-urls=${ETCD_PEER}`,
      `--initial-advertise-peer-urls=${ETCD_PEER}`,
      `--initial-cluster=lab=${ETCD_PEER}`,
      // The data never outlives the machine's uptime.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
  };
}

export function apiServer(lab: Lab): Daemon {
  const pki = (file: string) => join(lab.folders.pki, file);
  return {
    name: 'kube-apiserver',
    args: [
      `--etcd-servers=${ETCD}`,
      `--bind-address=${lab.apiIp}`,
      `--advertise-address=${lab.apiIp}`,
      `--secure-port=${API_PORT}`,
      `--service-cluster-ip-range=${SERVICE_CIDR},${SERVICE_CIDR6}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--client-ca-file=${pki('ca.crt')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('sa.pub')}`,
      `--service-account-signing-key-file=${pki('sa.key')}`,
      `--requestheader-client-ca-file=${pki('front-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy.key')}`,
      '--endpoint-reconciler-type=lease',
      '--profiling=false',
    ],
  };
}

export function controllers(lab: Lab): Daemon[] {
  const common = (user: string) => [
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
    '--profiling=false',
    // With the default of 20 requests/s the first pod can be made only seconds after the node is ready.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    `--kubeconfig=${kubeconfigOf(lab, user)}`,
    `--authentication-kubeconfig=${kubeconfigOf(lab, user)}`,
    `--authorization-kubeconfig=${kubeconfigOf(lab, user)}`,
  ];
  const pki = (file: string) => join(lab.folders.pki, file);
  const manager = [
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--allocate-node-cidrs=true',
    `--cluster-cidr=${POD_CIDR},${POD_CIDR6}`,
    '--node-cidr-mask-size-ipv4=24',
    '--node-cidr-mask-size-ipv6=64',
    `--service-cluster-ip-range=${SERVICE_CIDR},${SERVICE_CIDR6}`,
  ];
  return [
    { name: 'kube-controller-manager', args: [...common('controllers'), ...manager] },
    { name: 'kube-scheduler', args: common('scheduler') },
  ];
}

export const coreDns = (lab: Lab): Daemon => ({
  name: 'coredns',
  args: ['-conf', join(lab.folders.config, 'Corefile')],
});

export const corefile = (lab: Lab): string => `.:53 {
  bind ${lab.apiIp}
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfigOf(lab, 'coredns')}
    pods verified
    ttl 5
  }
  cache 5
}
`;

/** A Service without selector; its one endpoint is the CoreDNS process of the first node. */
export function dnsObjects(lab: Lab): object[] {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: DNS_SERVICE_IP, ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [lab.apiIp], conditions: { ready: true } }],
      ports,
    },
  ];
}
