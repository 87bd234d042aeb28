// Tells when a descriptor has something to read, by libuv's own poll, called through the copy of libuv that is part of
// Node. No thread of the pool waits, as one would with node:fs. In the main thread only, whose loop is libuv's default.

import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** uv.h: uv_poll_event, and the place of uv_poll_t among the types of handles, which are part of libuv's ABI. */
const UV_READABLE = 1;
const UV_POLL = 8;

const onPollType = koffi.proto('void tp_on_poll(void*, int, int)');
const onCloseType = koffi.proto('void tp_on_close(void*)');
const library = koffi.load(null);
const uv = {
  defaultLoop: library.func('void* uv_default_loop()'),
  handleSize: library.func('size_t uv_handle_size(int)'),
  pollInit: library.func('int uv_poll_init(void*, void*, int)'),
  pollStart: library.func('int uv_poll_start(void*, int, tp_on_poll*)'),
  close: library.func('void uv_close(void*, tp_on_close*)'),
};

/** libuv points to these until a handle is closed; nothing of JavaScript would keep them. */
const open = new Set<{ handle: Buffer }>();

/**
 * `onReadable` runs where no promise may be resolved and no stream touched. Returns what ends it, after which
 * `onClosed` is called: the descriptor must stay open until then.
 */
export function pollDescriptor(descriptor: number, onReadable: () => void): (onClosed: () => void) => void {
  // Memory of its own, which V8 does not move.
  const handle = Buffer.from(new ArrayBuffer(Number(uv.handleSize(UV_POLL))));
  const kept = { handle };
  const onPoll = koffi.register(guarded(onReadable), koffi.pointer(onPollType));
  checkedByUv('uv_poll_init', uv.pollInit(uv.defaultLoop(), handle, descriptor));
  checkedByUv('uv_poll_start', uv.pollStart(handle, UV_READABLE, onPoll));
  open.add(kept);
  return (onClosed) => {
    const finish = koffi.register(() => {
      // Not while libuv is in the callback that this would take away.
      setImmediate(() => {
        koffi.unregister(onPoll);
        koffi.unregister(finish);
        open.delete(kept);
        onClosed();
      });
    }, koffi.pointer(onCloseType));
    uv.close(handle, finish);
  };
}

/** An error must not unwind through libuv's frames. */
function guarded(run: () => void): () => void {
  return () => {
    try {
      run();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}

function checkedByUv(what: string, result: number): void {
  if (result < 0) throw new Error(`${what}: ${getSystemErrorName(result)}`);
}
