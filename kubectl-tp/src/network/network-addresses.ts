// The addresses at both ends of the interface by which programs reach a cluster.

/** Textual, canonical. */
export type AddressPair = {
  /** Of the interface: programs' connections come from there. */
  readonly program: string;
  /** Of the only neighbour: the DNS server, and where the listener sees connections come from. */
  readonly gateway: string;
};

export type NetworkAddresses = { readonly ipv4: AddressPair; readonly ipv6: AddressPair };

/**
 * For a network of a command's own. RFC 7335 sets the IPv4 range aside for one machine's own use, so no cluster and no
 * service has them. The IPv6 prefix is a local one (RFC 4193), drawn at random; source addresses of such a prefix make
 * programs try IPv4 first for the rest of the Internet (RFC 6724), which laptops are more likely to reach.
 */
export const OWN_ADDRESSES: NetworkAddresses = {
  ipv4: { program: '192.0.0.1', gateway: '192.0.0.2' },
  ipv6: { program: 'fdb2:7c6a:1f04::1', gateway: 'fdb2:7c6a:1f04::2' },
};

/** Stand for the laptop itself in such a network: beside the gateway, so that port 53 there is the laptop's, too. */
export const LAPTOP_ADDRESSES: readonly string[] = ['192.0.0.3', 'fdb2:7c6a:1f04::3'];
