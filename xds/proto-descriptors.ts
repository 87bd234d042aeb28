// Reads the protobuf file descriptors that an Envoy binary carries for reflection. They are exactly those of its
// version, which no package on a registry promises.

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A descriptor's import names and its own bytes, a google.protobuf.FileDescriptorProto. */
type FileDescriptor = { readonly name: string; readonly imports: readonly string[]; readonly bytes: Uint8Array };

/** Field numbers of google.protobuf.FileDescriptorProto. */
const NAME = 1;
const IMPORT = 3;
const SYNTAX = 12;
const EDITION = 14;
const VARINT_FIELDS: ReadonlySet<number> = new Set([10, 11, EDITION]);
const LENGTH_FIELDS: ReadonlySet<number> = new Set([NAME, 2, IMPORT, 4, 5, 6, 7, 8, 9, SYNTAX]);

/** The length of a descriptor's name fits in one byte, because no Envoy proto has a longer path. */
const MAX_NAME_BYTES = 127;
const SUFFIX = Buffer.from('.proto');

/**
 * The wanted files and all they import, imports first, as a google.protobuf.FileDescriptorSet for `protoc`.
 * Throws when the binary lacks one of them.
 */
export function extractDescriptorSet(binary: Buffer, roots: readonly string[]): { names: string[]; set: Uint8Array } {
  const files = findDescriptors(binary);
  const ordered = new Map<string, FileDescriptor>();
  const visit = (name: string): void => {
    if (ordered.has(name)) return;
    const file = files.get(name);
    if (file === undefined) throw new Error(`the Envoy binary has no descriptor of ${name}`);
    file.imports.forEach(visit);
    ordered.set(name, file);
  };
  roots.forEach(visit);
  return { names: [...ordered.keys()], set: encodeSet([...ordered.values()]) };
}

function findDescriptors(binary: Buffer): Map<string, FileDescriptor> {
  const found = new Map<string, FileDescriptor>();
  for (let at = binary.indexOf(SUFFIX); at >= 0; at = binary.indexOf(SUFFIX, at + 1)) {
    const start = findStart(binary, at + SUFFIX.length);
    const file = start === undefined ? undefined : readDescriptor(binary, start);
    // A name alone is a string constant or an import inside another descriptor; the longest hit is the file itself.
    if (file !== undefined && file.bytes.length > (found.get(file.name)?.bytes.length ?? 0)) found.set(file.name, file);
  }
  return found;
}

/** Where a descriptor would begin whose name ends at `end`: the tag of field 1, then the name's length. */
function findStart(binary: Buffer, end: number): number | undefined {
  for (let length = SUFFIX.length + 1; length <= MAX_NAME_BYTES; length++) {
    const start = end - length;
    if (binary[start - 1] === length && binary[start - 2] === ((NAME << 3) | WireType.LengthDelimited))
      return start - 2;
    if (!/[\w./-]/.test(String.fromCharCode(binary[start] ?? 0))) return undefined;
  }
  return undefined;
}

/** Reads fields as long as they make sense: what follows a descriptor in the binary is anything. */
function readDescriptor(binary: Buffer, start: number): FileDescriptor | undefined {
  const reader = new BinaryReader(binary.subarray(start));
  const imports: string[] = [];
  let name = '';
  let end = 0;
  while (reader.pos < reader.len) {
    const field = readField(reader);
    if (field === undefined || (field.number === NAME && name !== '')) break;
    end = reader.pos;
    if (field.number === NAME) name = field.text;
    if (field.number === IMPORT) imports.push(field.text);
    // The last field: an edition, or a syntax that needs none.
    if (field.number === EDITION || (field.number === SYNTAX && field.text !== 'editions')) break;
  }
  return name === '' ? undefined : { name, imports, bytes: binary.subarray(start, start + end) };
}

function readField(reader: BinaryReader): { number: number; text: string } | undefined {
  try {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.Varint && VARINT_FIELDS.has(number)) return { number, text: String(reader.uint32()) };
    if (wireType !== WireType.LengthDelimited || !LENGTH_FIELDS.has(number)) return undefined;
    const bytes = reader.bytes();
    return reader.pos > reader.len ? undefined : { number, text: Buffer.from(bytes).toString() };
  } catch {
    // Not a field: the descriptor ended before.
    return undefined;
  }
}

function encodeSet(files: readonly FileDescriptor[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { bytes } of files) writer.tag(1, WireType.LengthDelimited).bytes(bytes);
  return writer.finish();
}
