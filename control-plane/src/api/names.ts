// The words this project puts on other people's objects: API group, labels, annotations, fixed names and ports.

export const GROUP = 'kubectl-tp.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Where the cluster part lives unless the chart says otherwise. Sessions and relay Leases live there too. */
export const DEFAULT_INSTALL_NAMESPACE = 'kubectl-tp';

/** Services of the cluster part; their DNS names are in its certificates. */
export const CONTROL_PLANE_SERVICE = 'tp-control-plane';
export const WEBHOOK_SERVICE = 'tp-webhook';
export const RELAY_SERVICE = 'tp-relay';
/** Label that tells the parts of an install apart: `control-plane`, `webhook` or `relay`. */
export const COMPONENT_LABEL = 'app.kubernetes.io/component';

/** Secret (install namespace) with `ca.crt` and `ca.key`: the authority of agents, sessions, xDS and webhook. */
export const AUTHORITY_SECRET = 'tp-authority';
/** Secret (install namespace) with `tls.crt`, `tls.key` and `ca.crt` for the webhook and the bootstrap of agents. */
export const WEBHOOK_SECRET = 'tp-webhook-certificate';
/** Mutating and validating webhook configurations share this name. */
export const WEBHOOK_CONFIGURATION = 'kubectl-tp';

export const XDS_PORT = 15010;
/** Control plane: relays ask here what a session may dial. */
export const REACH_PORT = 15011;
export const WEBHOOK_PORT = 9443;
/** Relay: agents connect here. */
export const RELAY_AGENT_PORT = 8443;
/** Relay: laptops connect here, on the pod's loopback address only, so that only a port-forward reaches it. */
export const RELAY_LAPTOP_PORT = 8444;
/** Relay: the same on all addresses, for laptops that come through the API server's proxy. */
export const RELAY_PROXY_PORT = 8445;
/** Relay: the same under TLS, for laptops that reach the relays without the API server, where the install lets them. */
export const RELAY_DIRECT_PORT = 8446;
/** Health and metrics of control plane, webhook and relay. */
export const ADMIN_PORT = 8081;
/** The agent's first listening port; the n-th captured port of a pod gets this plus n. */
export const AGENT_FIRST_PORT = 15080;
/** Where an agent takes connections that are to leave from its pod; below the others, so that none moves. */
export const AGENT_EXIT_PORT = 15078;
/** From there down; a pod that has declared one of them for itself gets the next. So few because relays dial none of them. */
const AGENT_EXIT_PORTS = 8;
/** Whether a gate may listen there, in any pod. Nothing that a laptop has chosen comes to it from a relay. */
export const isExitPort = (port: number): boolean =>
  port <= AGENT_EXIT_PORT && port > AGENT_EXIT_PORT - AGENT_EXIT_PORTS;
/** Where that port is open inside of the pod, too; of loopback (RFC 1122 3.2.1.3), and hardly anybody else's. */
export const GATE_PROOF_ADDRESS = '127.0.0.2';
/** TLV of the PROXY header for an exit's secret: the first type that anybody may give a meaning to (section 2.2.7). */
export const GATE_SECRET_TYPE = 0xe0;
/** Uid and gid of the agent, whatever its image says: not root, so that every pod security level takes it. */
export const AGENT_UID = 1337;
export const AGENT_CONTAINER = 'tp-agent';
/** Init container that writes nft rules; only in pods with a captured numeric port. */
export const CAPTURE_CONTAINER = 'tp-capture';

/** Audience of the service account tokens that agents present to the control plane. */
export const TOKEN_AUDIENCE = 'kubectl-tp';

/** Annotation of relays' pods: `<host>:<port>` under which laptops may reach one of them without the API server. */
export const DIRECT_ADDRESS_ANNOTATION = `${GROUP}/direct-address`;

/** Pod label `"true"`: this pod has an agent. */
export const AGENT_LABEL = `${GROUP}/agent`;
/** Pod annotation with the injected agent's description, JSON of `AgentDescription`. */
export const AGENT_ANNOTATION = `${GROUP}/agent`;
/** Pod annotation that the downward API turns into the agent's SDS file (see webhook/inject). */
export const AGENT_SDS_ANNOTATION = `${GROUP}/agent-sds`;
/** Pod annotation: why a pod that was rolled for an agent got none, for people who describe it. */
export const AGENT_SKIPPED_ANNOTATION = `${GROUP}/agent-skipped`;
/** Namespace label or pod annotation: `enabled` injects always, `disabled` never. */
export const INJECT = `${GROUP}/inject`;
/** Pod template annotation whose change rolls a workload: `<reason>[,<reason>...]@<RFC 3339 time>`. */
export const ROLLOUT_ANNOTATION = `${GROUP}/rollout`;
/** Annotation on a workload (not its template): since when no intercept needs its agents, RFC 3339. */
export const UNUSED_SINCE_ANNOTATION = `${GROUP}/unused-since`;
/** Label on Intercepts and Leases: name of the Session they belong to. */
export const SESSION_LABEL = `${GROUP}/session`;
