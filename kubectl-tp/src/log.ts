// The session process's log: lines of JSON in the file beside its socket. Secrets never enter it.

export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

export function createLog(write: (line: string) => void): Log {
  return (message, fields = {}) => write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
}
