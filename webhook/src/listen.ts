// The webhook's port on all addresses of the pod. Fastify would take those of loopback alone, so it is told; Node's own
// servers, like that of the admin port, do the same by themselves.

import type { App } from './app-tools.ts';

/** One socket for both families; where the kernel has no IPv6 (`ipv6.disable=1`), one of the only family there is. */
export async function listen(app: App, port: number): Promise<void> {
  try {
    await app.listen({ port, host: '::' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT')) throw error;
    await app.listen({ port, host: '0.0.0.0' });
  }
}
