// Datagrams inside a stream: length (2 bytes, big endian), then the datagram. The same as DNS over TCP (RFC 1035 section
// 4.2.2), so a stream of questions needs nothing else.

const LENGTH_BYTES = 2;

/** `datagram` has at most 65,535 bytes, as every one has. */
export function frameDatagram(datagram: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + datagram.length);
  framed.writeUInt16BE(datagram.length, 0);
  datagram.copy(framed, LENGTH_BYTES);
  return framed;
}

/** Takes chunks cut anywhere; calls `onDatagram` for each whole datagram. Holds less than one. */
export function createDatagramReader(onDatagram: (datagram: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let rest = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (rest.length >= LENGTH_BYTES && rest.length >= LENGTH_BYTES + rest.readUInt16BE(0)) {
      const end = LENGTH_BYTES + rest.readUInt16BE(0);
      onDatagram(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
    }
    held = Buffer.from(rest);
  };
}
