// The request by which a laptop opens its tunnel on a relay (HTTP/1.1 Upgrade, then HTTP/2 with the relay as client).

export const TUNNEL_PATH = '/tp/v1/tunnel';
export const TUNNEL_PROTOCOL = 'tp-h2-reverse-connect';

/** HTTP/2 settings of the tunnel, both ends: one connection carries every connection of every agent of a session. */
export const MUX_STREAM_WINDOW_BYTES = 16 << 20;
export const MUX_CONNECTION_WINDOW_BYTES = 64 << 20;
/** Node ends a session after about 1,000 quick resets; here a reset is the normal end of a broken agent connection. */
export const UNLIMITED_RESETS = 1e9;
/** Both ends ping this often; one missed answer ends the tunnel. */
export const PING_INTERVAL_MS = 3000;
