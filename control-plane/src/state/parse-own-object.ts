// Our own objects as the API server has them: their CRDs guarantee the shape, only bookkeeping is dropped.

import type { Intercept, Session } from '../api/index.ts';
import type { KubernetesObject } from '../kubernetes/index.ts';

/** Field managers' records are larger than the objects, and nobody here reads them. */
export function parseOwnObject<T extends Intercept | Session>(object: T & KubernetesObject): T {
  const { managedFields, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return managedFields === undefined ? object : { ...object, metadata };
}
