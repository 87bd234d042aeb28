// A Deployment whose one process writes into its volumes, for tests that look at them from a laptop.

export const WRITER = 'writer';

/** In `/data`: `ticks`, one more line each 100 ms; `many/`, 1,000 files; `big`, 64 MiB, and `big.md5`. */
const SCRIPT = `
mkdir -p /data/many /data/part/inner
i=0; while [ $i -lt 1000 ]; do echo $i > /data/many/file-$i; i=$((i+1)); done
dd if=/dev/urandom of=/data/big bs=1048576 count=64 2>/dev/null
md5sum < /data/big > /data/big.md5
ln -s /data/big.md5 /data/link; ln -s /etc/passwd /data/outside
echo $HOSTNAME > /data/whose; echo kept > /data/part/inner/kept; echo seen > /data/part/seen
touch /data/ready
while true; do date +%s >> /data/ticks; sleep 0.1; done`;

export function buildVolumeWriter({ namespace, image }: { namespace: string; image: string }): object[] {
  const labels = { app: WRITER };
  const container = {
    name: 'app',
    image,
    command: ['sh', '-c', SCRIPT],
    readinessProbe: { exec: { command: ['test', '-e', '/data/ready'] }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'data', mountPath: '/srv/tp-part', subPath: 'part' },
      { name: 'settings', mountPath: '/etc/tp-writer' },
    ],
  };
  const pod = {
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true },
    containers: [container],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'settings', configMap: { name: WRITER } },
    ],
  };
  const template = { metadata: { labels }, spec: pod };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: WRITER, namespace }, data: { color: 'blue' } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: WRITER, namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
  ];
}
