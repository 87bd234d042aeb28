// kubectl tp list: the intercepts of a namespace, everybody's.

import type { Intercept } from '@kubectl-tp/control-plane/api';
import { defineCommand } from '../command.ts';
import { formatAge, formatTable } from '../output/table.ts';

export const list = defineCommand({
  name: 'list',
  summary: 'Show the intercepts of a namespace, yours and those of others',
  options: { 'all-namespaces': { type: 'boolean', alias: 'A', describe: 'of all namespaces' } },
  examples: [['kubectl tp list -n shop', 'who intercepts what in namespace shop']],
  async run({ cluster, connection, printer, signal }, args) {
    const [{ INTERCEPTS }, { client }, { namespace }] = await Promise.all([
      import('@kubectl-tp/control-plane/api'),
      cluster(),
      connection(),
    ]);
    const scope = args['all-namespaces'] ? {} : { namespace };
    const intercepts = await client.list<Intercept>(INTERCEPTS, { ...scope, signal });
    if (intercepts.length === 0 && !args['all-namespaces']) {
      const { assertNamespaceExists } = await import('../kubernetes/assert-namespace.ts');
      await assertNamespaceExists(client, { namespace, signal });
    }
    const { describeTarget, explainSubject } = await import('@kubectl-tp/control-plane/match');
    const rows = intercepts.map((intercept) =>
      describe(intercept, {
        target: describeTarget(intercept.spec.target),
        match: explainSubject(intercept.spec),
      }),
    );
    printer.result({ intercepts: rows }, () => format(rows, args['all-namespaces'] ? 'all namespaces' : namespace));
    return undefined;
  },
});

type Row = {
  namespace: string;
  name: string;
  target: string;
  match: string;
  owner: string;
  ready: boolean;
  agents: string;
  ageSeconds: number;
};

function describe({ metadata, spec, status }: Intercept, words: Pick<Row, 'target' | 'match'>): Row {
  const { ready = 0, total = 0 } = status?.agents ?? {};
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...words,
    owner: spec.owner ?? 'unknown',
    ready: status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true,
    agents: `${ready}/${total}`,
    ageSeconds: Math.max(0, (Date.now() - Date.parse(metadata.creationTimestamp ?? '')) / 1000 || 0),
  };
}

function format(rows: readonly Row[], where: string): string {
  if (rows.length === 0) return `No intercepts in ${where}.`;
  return formatTable(
    ['NAMESPACE', 'NAME', 'TARGET', 'MATCH', 'OWNER', 'READY', 'AGENTS', 'AGE'],
    rows.map((row) => [
      row.namespace,
      row.name,
      row.target,
      row.match,
      row.owner,
      row.ready ? 'yes' : 'no',
      row.agents,
      formatAge(row.ageSeconds),
    ]),
  );
}
