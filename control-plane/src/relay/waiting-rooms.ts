// A waiting room for each source: who fills that of an address turns out whom he has sent before, and keeps neither other
// addresses out nor those who come from the same one, behind a NAT or a balancer, and say in time who they are.

import { createWaitingRoom, type WaitingRoom } from '../protocol/index.ts';

export type WaitingRooms<T> = {
  enter(source: string, item: T): void;
  leave(source: string, item: T): void;
  /** Sources with somebody waiting. */
  readonly size: number;
};

/** `turnOut` is called for an item that has to go; it has left by then. */
export function createWaitingRooms<T>(maxPerSource: number, turnOut: (item: T) => void): WaitingRooms<T> {
  const rooms = new Map<string, WaitingRoom<T>>();
  return {
    enter(source, item) {
      const room = rooms.get(source) ?? createWaitingRoom(maxPerSource, turnOut);
      rooms.set(source, room);
      room.enter(item);
    },
    leave(source, item) {
      const room = rooms.get(source);
      room?.leave(item);
      if (room?.size === 0) rooms.delete(source);
    },
    get size() {
      return rooms.size;
    },
  };
}
