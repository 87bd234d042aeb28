// Why a session may not dial an address: a closed table, for the words between relay and control plane and for people.

export const REFUSALS = {
  malformed: 'it is not an IP address that every program reads alike',
  closed: 'it belongs to the machines of the cluster or to kubectl tp itself',
  // Whether somebody else's pod has an address is nobody's business, so these two look the same.
  unknown: 'no Service or pod that you may see has this address: kubectl auth can-i get services -n NAMESPACE',
  forbidden: 'no Service or pod that you may see has this address: kubectl auth can-i get services -n NAMESPACE',
  'no-session': 'the session has ended or has no owner: kubectl tp quit, then the command again',
  'too-many': 'too many new addresses at once',
  unchecked: 'it cannot be checked now, as the control plane does not answer: try again',
} as const;
export type Refusal = keyof typeof REFUSALS;
