// Callers of a service: requests of every kind, each on a connection of its own unless an agent is given.

import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

export type Answer = {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly trailers?: http2.IncomingHttpHeaders;
};

export type Call = {
  readonly port: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly method?: string;
  readonly path?: string;
  readonly body?: Buffer;
  readonly agent?: http.Agent;
};

/** Rejects when there is no whole answer. */
export function callHttp1({ port, headers = {}, method = 'GET', path = '/', body, agent }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', headers, method, path, agent: agent ?? false });
    request.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
    });
    request.end(body);
  });
}

export async function callHttp2(call: Call): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${call.port}`);
  try {
    return await callOnSession(session, call);
  } finally {
    session.destroy();
  }
}

export function callOnSession(session: http2.ClientHttp2Session, call: Omit<Call, 'port'>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    const { headers = {}, method = 'GET', path = '/', body } = call;
    const stream = session.request({ ':method': method, ':path': path, ...headers } as http2.OutgoingHttpHeaders);
    let [status, text] = [0, ''];
    let answered: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on('response', (received) => {
      answered = received;
      status = Number(received[':status']);
    });
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      session.off('error', reject);
      resolve({ status, body: text, headers: answered as http.IncomingHttpHeaders, trailers });
    });
    stream.end(body);
  });
}

/** Upgrades, sends one text and gives the first thing that comes back. */
export function callWebSocket({ port, headers = {} }: Call, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZQ==' };
    const request = http.request({ port, host: '127.0.0.1', headers: { ...headers, ...upgrade }, agent: false });
    request.on('error', reject).on('response', (response) => reject(new Error(`status ${response.statusCode}`)));
    request.on('upgrade', (_response, socket) => {
      socket.on('error', reject).once('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.write(text);
    });
    request.end();
  });
}

/** A connection without HTTP on it. */
export type RawConnection = { ask(text: string): Promise<string>; readonly isOpen: boolean; close(): void };

export function connectRaw(port: number): RawConnection {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let isOpen = true;
  socket.on('close', () => {
    isOpen = false;
  });
  socket.on('error', () => socket.destroy());
  return {
    ask: (text) =>
      new Promise((resolve, reject) => {
        const onClose = () => reject(new Error('the connection ended'));
        if (!isOpen) return onClose();
        socket.once('close', onClose);
        socket.once('data', (data) => {
          socket.off('close', onClose);
          resolve(String(data));
        });
        if (text !== '') socket.write(text);
      }),
    get isOpen() {
      return isOpen;
    },
    close: () => socket.destroy(),
  };
}
