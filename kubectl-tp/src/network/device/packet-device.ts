// A network interface whose other end is this process: IP packets in, IP packets out.

export type PacketDevice = {
  /** Begins to read. The buffer belongs to the device again when `onPacket` returns; it may be changed until then. */
  start(onPacket: (buffer: Buffer, bytes: number) => void): void;
  /** Sends the first `bytes` of the buffer to the programs on this machine. Drops it when the queue is full. */
  write(buffer: Buffer, bytes: number): void;
  close(): void;
};
