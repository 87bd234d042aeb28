// Begins a stream of the outbound tunnel: where to, and what the relay answers.

import type { Duplex } from 'node:stream';
import {
  type DialRequest,
  type DialResult,
  encodeDialRequest,
  ProtocolError,
  parseDialResult,
  readPrefix,
} from '@kubectl-tp/control-plane/protocol';
import { DialError } from './dialer.ts';

/** Longer than the relay itself waits for the far side, which then answers that nobody did. */
const ANSWER_TIMEOUT_MS = 15_000;
const MAX_REASON_CHARACTERS = 500;
/** It comes with the result. */
const REASON_TIMEOUT_MS = 1000;

/** Resolves with the stream once the far side has accepted. Throws DialError, or the signal's reason. */
export async function requestDial(stream: Duplex, request: DialRequest, signal: AbortSignal): Promise<Duplex> {
  let lost: Error | undefined;
  const onError = (error: Error) => {
    lost = error;
  };
  const abort = () => stream.destroy();
  stream.on('error', onError);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    stream.write(encodeDialRequest(request));
    const result = await readPrefix(stream, parseDialResult, { timeoutMs: ANSWER_TIMEOUT_MS, maxBytes: 1 });
    signal.throwIfAborted();
    if (result === 'connected') return stream;
    throw result === undefined ? noAnswer(lost) : new DialError(result, await readReason(stream, result));
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    // A stream that breaks before anybody uses it must not end the process.
    if (!stream.destroyed) stream.on('error', () => undefined);
    stream.off('error', onError);
  }
}

/** A reset by the relay is what it does with those that ask for too much; anything else is the tunnel's end. */
function noAnswer(lost: Error | undefined): DialError {
  const isReset = lost instanceof ProtocolError && lost.code === 'CONNECTION_RESET';
  return isReset
    ? new DialError('unreachable', 'The relay takes no more connections of this session.', { cause: lost })
    : new DialError('lost', 'The tunnel to the relay broke off.', { cause: lost });
}

/** What there is of it within a moment: the result is known, and a relay must not keep a program waiting for words. */
function readReason(stream: Duplex, result: DialResult): Promise<string> {
  return new Promise((resolve) => {
    let reason = '';
    const finish = () => {
      clearTimeout(limit);
      resolve(reason === '' ? result : reason);
    };
    const limit = setTimeout(finish, REASON_TIMEOUT_MS);
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      reason = (reason + text).slice(0, MAX_REASON_CHARACTERS);
      if (reason.length === MAX_REASON_CHARACTERS) finish();
    });
    stream.on('end', finish).on('close', finish);
  });
}
