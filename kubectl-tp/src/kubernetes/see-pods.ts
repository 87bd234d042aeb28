// The command by which a person sees how a part of the install is.

import { COMPONENT_LABEL } from '@kubectl-tp/control-plane/api';

export type Component = 'control-plane' | 'webhook' | 'relay';

/** A hint. `kinds` as kubectl takes them. */
export function seePods(installNamespace: string, component: Component, kinds = 'pods'): string {
  return `See how it is: kubectl -n ${installNamespace} get ${kinds} -l ${COMPONENT_LABEL}=${component}`;
}
