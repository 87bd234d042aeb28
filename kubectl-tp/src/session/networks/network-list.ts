// The networks that programs of this laptop have joined now.

import type { ConnectResult, LaptopReport } from '../../ipc/network-messages.ts';
import type { JoinedNetwork } from './joined-network.ts';

export type NetworkRecord = {
  readonly result: ConnectResult;
  readonly network: JoinedNetwork;
  readonly sinceMs: number;
  /** As it is now. */
  readonly laptop?: () => LaptopReport;
};

export type NetworkList = {
  /** Returns what takes it out again. */
  add(record: NetworkRecord): () => void;
  all(): readonly NetworkRecord[];
};

export function createNetworkList(): NetworkList {
  const records = new Set<NetworkRecord>();
  return {
    add(record) {
      records.add(record);
      return () => void records.delete(record);
    },
    all: () => [...records],
  };
}
