// Reads server name and application protocols out of a TLS ClientHello without ending TLS (RFC 8446 section 4.1.2,
// RFC 6066 section 3, RFC 7301 section 3.1). The bytes may come from anybody: every length is checked before it is used.

/** More than any client sends; a ClientHello with post-quantum keys and a session ticket has about 2 KiB. */
export const MAX_CLIENT_HELLO_BYTES = 16 << 10;
/** Clients send one; thousands of tiny ones would only keep the event loop busy, as each chunk begins anew. */
const MAX_RECORDS = 16;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 1 << 14;
const HANDSHAKE_HEADER_BYTES = 4;
const VERSION_AND_RANDOM_BYTES = 34;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_PROTOCOLS = 16;
const NAME_TYPE_HOST = 0;

export type ClientHello = { serverName: string | undefined; protocols: readonly string[] };
export type ClientHelloResult = ClientHello | 'incomplete' | 'invalid';

/** Never throws. `incomplete` = it may become one with more bytes; `invalid` = it never will. */
export function parseClientHello(bytes: Buffer): ClientHelloResult {
  const message = joinRecords(bytes);
  if (message === 'incomplete' || message === 'invalid') return message;
  return parseBody(new Reader(message)) ?? 'invalid';
}

/** The handshake message, which may be cut into several records, without its header. Copies it once, when it is whole. */
function joinRecords(bytes: Buffer): Buffer | 'incomplete' | 'invalid' {
  const parts: Buffer[] = [];
  let joined = 0;
  for (let at = 0; parts.length < MAX_RECORDS; ) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return 'invalid';
    if (at + RECORD_HEADER_BYTES > bytes.length) return 'incomplete';
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return 'invalid';
    const part = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
    parts.push(part);
    joined += part.length;
    const end = findEnd(parts, joined);
    if (end === 'invalid') return 'invalid';
    if (joined >= end) return Buffer.concat(parts, end).subarray(HANDSHAKE_HEADER_BYTES);
    if (part.length < length) return 'incomplete';
    at += RECORD_HEADER_BYTES + length;
  }
  return 'invalid';
}

/** Where the message ends, its header included; Infinity while the header is not there. */
function findEnd(parts: readonly Buffer[], joined: number): number | 'invalid' {
  const header = Buffer.concat(parts, Math.min(joined, HANDSHAKE_HEADER_BYTES));
  if (header.length > 0 && header[0] !== CLIENT_HELLO) return 'invalid';
  if (header.length < HANDSHAKE_HEADER_BYTES) return Number.POSITIVE_INFINITY;
  const end = HANDSHAKE_HEADER_BYTES + header.readUIntBE(1, 3);
  return end > MAX_CLIENT_HELLO_BYTES ? 'invalid' : end;
}

function parseBody(body: Reader): ClientHello | undefined {
  const isSkipped =
    body.skip(VERSION_AND_RANDOM_BYTES) && // version, random
    body.vector(1) && // session id
    body.vector(2) && // cipher suites
    body.vector(1); // compression methods
  const extensions = isSkipped ? body.vector(2) : undefined;
  if (extensions === undefined) return undefined;

  let serverName: string | undefined;
  let protocols: readonly string[] = [];
  while (!extensions.isEmpty) {
    const type = extensions.uint(2);
    const content = extensions.vector(2);
    if (type === undefined || content === undefined) return undefined;
    if (type === EXTENSION_SERVER_NAME) serverName = parseServerName(content);
    if (type === EXTENSION_PROTOCOLS) protocols = parseProtocols(content);
  }
  return { serverName, protocols };
}

function parseServerName(content: Reader): string | undefined {
  const names = content.vector(2);
  return names?.uint(1) === NAME_TYPE_HOST ? names.vector(2)?.text() : undefined;
}

function parseProtocols(content: Reader): string[] {
  const protocols: string[] = [];
  const list = content.vector(2);
  while (list !== undefined && !list.isEmpty) {
    const name = list.vector(1);
    if (name === undefined) return [];
    protocols.push(name.text());
  }
  return protocols;
}

/** Reads big endian numbers and length-prefixed vectors; undefined instead of anything beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  skip(length: number): boolean {
    this.#at += length;
    return this.#at <= this.#bytes.length;
  }

  uint(size: 1 | 2): number | undefined {
    const at = this.#at;
    return this.skip(size) ? this.#bytes.readUIntBE(at, size) : undefined;
  }

  vector(lengthSize: 1 | 2): Reader | undefined {
    const length = this.uint(lengthSize);
    const at = this.#at;
    if (length === undefined || !this.skip(length)) return undefined;
    return new Reader(this.#bytes.subarray(at, at + length));
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#at);
  }
}
