// Loaded before a program (`node --import`), makes its kernel look like one that was started with `ipv6.disable=1`: no
// socket of that family can be made. Linux on x64 and arm64; the process itself only, and what it starts.

import koffi from 'koffi';

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SOCKET_CALL = process.arch === 'arm64' ? 198 : 41;
const AF_INET6 = 10;
const EAFNOSUPPORT = 97;

/** Of the classic BPF machine: load a word of `struct seccomp_data`, compare, return. */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const FAIL = 0x00050000;
const CALL_NUMBER_AT = 0;
const FIRST_ARGUMENT_AT = 16;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const PROGRAM: readonly Instruction[] = [
  [LOAD, 0, 0, CALL_NUMBER_AT],
  [JUMP_IF_EQUAL, 0, 3, SOCKET_CALL],
  [LOAD, 0, 0, FIRST_ARGUMENT_AT],
  [JUMP_IF_EQUAL, 0, 1, AF_INET6],
  [RETURN, 0, 0, FAIL | EAFNOSUPPORT],
  [RETURN, 0, 0, ALLOW],
];

const prctl = koffi
  .load(null)
  .func('int prctl(int option, unsigned long a, void *b, unsigned long c, unsigned long d)');

/** `struct sock_fprog`: how many, and where. */
function buildProgram(): Buffer {
  const instructions = Buffer.alloc(PROGRAM.length * 8);
  for (const [index, [code, whenTrue, whenFalse, operand]] of PROGRAM.entries()) {
    instructions.writeUInt16LE(code, index * 8);
    instructions.writeUInt8(whenTrue, index * 8 + 2);
    instructions.writeUInt8(whenFalse, index * 8 + 3);
    instructions.writeUInt32LE(operand, index * 8 + 4);
  }
  const program = Buffer.alloc(16);
  program.writeUInt16LE(PROGRAM.length, 0);
  program.writeBigUInt64LE(BigInt(koffi.address(instructions)), 8);
  kept.push(instructions);
  return program;
}

/** As long as the kernel may read them. */
const kept: Buffer[] = [];

if (prctl(PR_SET_NO_NEW_PRIVS, 1, null, 0, 0) !== 0) throw new Error('prctl refuses no_new_privs');
if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, buildProgram(), 0, 0) !== 0) throw new Error('prctl refuses the filter');
