// All that one agent needs to know, in our words and free of Kubernetes and Envoy. The control plane's translator
// makes it; xds/translator turns it into Envoy resources. Equal configs give byte-identical resources.

export type AgentConfig = {
  /** `<namespace>/<pod>`: the node id in the agent's bootstrap. */
  readonly node: string;
  readonly podIp: string;
  readonly ports: readonly AgentPort[];
  /** One per session that any intercept of this agent names. */
  readonly tunnels: readonly Tunnel[];
  /** Where connections of laptops come that are to leave from this pod; absent: there are none. */
  readonly gate?: Gate;
};

/** A port of the agent by which laptops connect to elsewhere as if they were in this pod. */
export type Gate = {
  readonly port: number;
  /** The gate listens here, too, inside of the pod alone: a connection to it proves the way and leaves no pod. */
  readonly proofAddress: string;
  /** Addresses of the relays: nobody else is listened to. */
  readonly relays: readonly string[];
  /** Type of the PROXY header's TLV by which a relay tells the secret of an exit. */
  readonly secretType: number;
  readonly exits: readonly Exit[];
};

export type Exit = {
  /** `<namespace>/<name>` of the Intercept. */
  readonly id: string;
  /**
   * Relays have it, who have asked whether the session may go where it wants, and this agent; no laptop. Of no other exit
   * or agent. 32 random bytes in base64url.
   */
  readonly secret: string;
  /** DNS name that the laptop's certificate must have. */
  readonly peerName: string;
};

export type AgentPort = {
  readonly appPort: number;
  readonly agentPort: number;
  /**
   * `tcp`: bytes pass unread (idle ports, ending pods). `http`: the connection manager reads requests, because an
   * intercept is active or was a short while ago.
   */
  readonly mode: 'tcp' | 'http';
  /** In order of precedence; the first that matches a request has it. */
  readonly intercepts: readonly InterceptRoute[];
};

export type InterceptRoute = {
  /** `<namespace>/<name>` of the Intercept. */
  readonly id: string;
  /** Which of `tunnels` leads to the laptop. */
  readonly session: string;
  /** Server name of the TLS connection to the laptop, see control-plane/protocol/server-name.ts. */
  readonly serverName: string;
  /** All must hold; empty = every request. Names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly fallback: 'pod' | 'fail';
};

export type Tunnel = {
  readonly session: string;
  /** DNS name that the laptop's certificate must have. */
  readonly peerName: string;
  /** Relays that hold the session's tunnel now; none = the laptop is away. */
  readonly relays: readonly { readonly address: string; readonly port: number }[];
};

/** Only an agent that talks to laptops needs to prove who it is. */
export function hasLaptops({ tunnels, gate }: { tunnels: readonly Tunnel[]; gate?: Gate | undefined }): boolean {
  return tunnels.length > 0 || gate !== undefined;
}

/** What an agent proves its identity with and trusts, PEM; sent by SDS on the same stream. */
export type AgentCredentials = {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly authority: string;
};
