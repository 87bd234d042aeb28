// Words and types that every package shares.
export * from './agent-description.ts';
export * from './duration.ts';
export * from './is-selected-by.ts';
export * from './names.ts';
export * from './refuses-net-admin.ts';
export * from './resources.ts';
export * from './v1alpha1/conditions.ts';
export * from './v1alpha1/intercept.ts';
export * from './v1alpha1/object-meta.ts';
export * from './v1alpha1/session.ts';
export * from './workload-of-pod.ts';
