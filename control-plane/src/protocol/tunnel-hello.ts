// The request by which a laptop opens its tunnel on a relay: HTTP/1.1 Upgrade with the session's proof, then the
// frames of `mux/`. The answer to a refused one is a status and JSON of `TunnelRefusal`.

export const TUNNEL_PATH = '/tp/v1/tunnel';
/** The same for the laptop's own connections into the cluster: here the laptop opens the streams. */
export const OUTBOUND_PATH = '/tp/v1/outbound';
export const TUNNEL_PROTOCOL = 'tp-mux-1';
/** Request header with the session's name. */
export const SESSION_HEADER = 'x-tp-session';
/** Request header with the session's proof. Not `authorization`: the API server keeps that for itself on the way. */
export const PROOF_HEADER = 'x-tp-proof';

/** A code of the relay's table of errors, and a sentence for people. */
export type TunnelRefusal = { code: string; message: string };
