// Authentication by client-node, for the kubeconfigs that need it: proxies and auth-provider. Imported only for those.

import type { RequestOptions } from 'node:https';
import type { KubeAccess } from '@kubectl-tp/control-plane/kubernetes';
import { KubeConfig } from '@kubernetes/client-node';
import { impersonationHeaders } from './access.ts';
import { buildKubeconfig } from './build-kubeconfig.ts';
import type { Connection } from './connection.ts';

export function createClientNodeAccess(connection: Connection): KubeAccess {
  const kubeConfig = new ImpersonatingKubeConfig(connection.impersonate);
  kubeConfig.loadFromString(JSON.stringify(buildKubeconfig(connection)));
  return kubeConfig;
}

/** client-node knows the user to act as, but neither groups nor uid nor extras. */
class ImpersonatingKubeConfig extends KubeConfig {
  readonly #impersonate: Connection['impersonate'];

  constructor(impersonate: Connection['impersonate']) {
    super();
    this.#impersonate = impersonate;
  }

  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    await super.applyToHTTPSOptions(options);
    options.headers = { ...options.headers, ...impersonationHeaders(this.#impersonate) };
  }
}
