// Application protocols (ALPN) inside the TLS connection from agent to laptop. For HTTP it is the application's own
// protocol, which Envoy offers by itself; the laptop then passes the bytes on unread.

export const ALPN_HTTP1 = 'http/1.1';
export const ALPN_HTTP2 = 'h2';
/** A connection that carries nothing: the agent shows that it reaches the laptop, the laptop counts it and closes. */
export const ALPN_PROBE = 'tp-probe';
