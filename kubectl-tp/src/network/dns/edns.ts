// The one record by which resolvers tell each other what they can do (RFC 6891), and why there is no answer (RFC 8914).

import { OUR_UDP_BYTES } from './limits.ts';
import { TYPE } from './wire.ts';

/** The code of the option (RFC 8914). */
export const EXTENDED_ERROR = 15;
/** "Network Error", RFC 8914, 4.24. */
const NETWORK_ERROR = 23;
/** The text is for a person who runs dig; a datagram has to hold it. */
const MAX_TEXT_BYTES = 200;

export type Options = {
  readonly wantsDnssec?: boolean;
  /** The upper bits of a result beyond 15. */
  readonly extendedRcode?: number;
  /** Why the answer is a failure. */
  readonly trouble?: string | undefined;
};

/** The OPT record. */
export function buildOptions({ wantsDnssec = false, extendedRcode = 0, trouble }: Options): Buffer {
  const data = trouble === undefined ? Buffer.alloc(0) : buildExtendedError(trouble);
  const record = Buffer.alloc(11);
  record.writeUInt16BE(TYPE.OPT, 1);
  record.writeUInt16BE(OUR_UDP_BYTES, 3);
  record.writeUInt8(extendedRcode, 5);
  record.writeUInt16BE(wantsDnssec ? 1 << 15 : 0, 7);
  record.writeUInt16BE(data.length, 9);
  return Buffer.concat([record, data]);
}

function buildExtendedError(trouble: string): Buffer {
  const text = Buffer.from(trouble).subarray(0, MAX_TEXT_BYTES);
  const option = Buffer.alloc(6);
  option.writeUInt16BE(EXTENDED_ERROR, 0);
  option.writeUInt16BE(2 + text.length, 2);
  option.writeUInt16BE(NETWORK_ERROR, 4);
  return Buffer.concat([option, text]);
}
