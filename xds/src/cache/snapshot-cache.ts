// What each node should hold: the newest snapshot per node, replaced whole. Tells whoever serves the node.

import { isSameSet, type ResourceSet } from '../resource-set.ts';
import { createResourcePool } from './resource-pool.ts';

export type Snapshot = {
  readonly set: ResourceSet;
  /** The caller's name for this state; reported back when the agent has acknowledged all of it. */
  readonly tag: string;
};

export type SnapshotListener = (snapshot: Snapshot) => void;

export type SnapshotCache = {
  /** Silent if the node's set and tag are the same already. Equal sets with another tag send an agent nothing. */
  setSnapshot(node: string, set: ResourceSet, tag: string): void;
  /** Forgets the node. An agent that is connected keeps what it has. */
  deleteSnapshot(node: string): void;
  getSnapshot(node: string): Snapshot | undefined;
  /** Calls `listener` with each later snapshot of the node, until the returned function is called. */
  subscribe(node: string, listener: SnapshotListener): () => void;
  readonly nodes: Iterable<string>;
  /** Distinct resources of all nodes together: how much they share. */
  readonly resourceCount: number;
};

export function createSnapshotCache(): SnapshotCache {
  const pool = createResourcePool();
  const snapshots = new Map<string, Snapshot>();
  const listeners = new Map<string, Set<SnapshotListener>>();

  function setSnapshot(node: string, set: ResourceSet, tag: string): void {
    const before = snapshots.get(node);
    if (before?.tag === tag && isSameSet(before.set, set)) return;
    const snapshot = { set: pool.replace(before?.set, set), tag };
    snapshots.set(node, snapshot);
    for (const listener of [...(listeners.get(node) ?? [])]) listener(snapshot);
  }

  function deleteSnapshot(node: string): void {
    const before = snapshots.get(node);
    if (before !== undefined) pool.release(before.set);
    snapshots.delete(node);
  }

  function subscribe(node: string, listener: SnapshotListener): () => void {
    const ofNode = listeners.get(node) ?? new Set();
    listeners.set(node, ofNode.add(listener));
    return () => {
      ofNode.delete(listener);
      if (ofNode.size === 0 && listeners.get(node) === ofNode) listeners.delete(node);
    };
  }

  return {
    setSnapshot,
    deleteSnapshot,
    getSnapshot: (node) => snapshots.get(node),
    subscribe,
    get nodes() {
      return snapshots.keys();
    },
    get resourceCount() {
      return pool.size;
    },
  };
}
