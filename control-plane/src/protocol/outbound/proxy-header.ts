// The PROXY header (HAProxy's protocol, version 2, section 2.2) by which an agent's gate learns where a connection is to
// go, and that a relay has judged it.

import { isIPv4 } from 'node:net';
import { parseAddress } from '../../addresses/index.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Version 2, command PROXY. */
const VERSION_AND_COMMAND = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

export type ProxyHeader = {
  /** A canonical address. */
  readonly host: string;
  readonly port: number;
  /** At most 255 bytes each; the type is a byte. */
  readonly tlv: { readonly type: number; readonly value: string };
};

/** The source is the destination once more: it must be an address, and nobody reads it. */
export function buildProxyHeader({ host, port, tlv }: ProxyHeader): Buffer {
  const address = parseAddress(host);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(port, 2);
  const value = Buffer.from(tlv.value, 'latin1');
  const body = Buffer.concat([address, address, ports, Buffer.from([tlv.type, 0, value.length]), value]);
  const head = Buffer.from([VERSION_AND_COMMAND, isIPv4(host) ? TCP_OVER_IPV4 : TCP_OVER_IPV6, 0, body.length]);
  return Buffer.concat([SIGNATURE, head, body]);
}
