// A PostgreSQL server with its Service, for tests that talk to a real database.

const DATABASE_PORT = 5432;

export function buildDatabase({
  namespace,
  name,
  image,
}: {
  namespace: string;
  name: string;
  image: string;
}): object[] {
  const labels = { app: name };
  const data = '/data';
  const serve = `initdb -D ${data}/db -U postgres --auth=trust --no-sync && echo "host all all all trust" >> ${data}/db/pg_hba.conf && exec postgres -D ${data}/db -k ${data} -h '*' -c fsync=off`;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'postgres',
          image,
          command: ['sh', '-c', serve],
          ports: [{ containerPort: DATABASE_PORT }],
          readinessProbe: { exec: { command: ['pg_isready', '-h', '127.0.0.1'] }, periodSeconds: 1 },
          volumeMounts: [{ name: 'data', mountPath: data }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: labels, ports: [{ port: DATABASE_PORT }] },
  };
  return [pod, service];
}
