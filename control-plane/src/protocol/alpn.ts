// Application protocols (ALPN) inside the TLS connection between agent and laptop. For HTTP it is the application's own
// protocol, which Envoy offers by itself; the laptop then passes the bytes on unread.

export const ALPN_HTTP1 = 'http/1.1';
export const ALPN_HTTP2 = 'h2';
/** A connection that carries nothing: the agent shows that it reaches the laptop, the laptop counts it and closes. */
export const ALPN_PROBE = 'tp-probe';
/** From laptop to gate: datagrams come, by RFC 9298. Without it a connection goes on as it comes. */
export const ALPN_DATAGRAMS = 'tp-datagrams';
