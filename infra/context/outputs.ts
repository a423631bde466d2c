/**
 * Names of the outputs of a cluster's stacks that `npm run record` writes to `fleet/observed/<cluster>.yaml`: what the cloud assigns only
 * on apply. Both clouds' network and cluster stacks use these and no others.
 */
export const OUTPUTS = {
  /** Network stack. A list: the public addresses that private machines leave from. */
  natAddresses: 'nat_addresses',
  /** Network stack. `{<node>: {<component>: <IPv4 address>}}` of reserved load balancer addresses. */
  p2pAddresses: 'p2p_addresses',
  /** Network stack, AWS only. `{<node>: {<component>: <Elastic IP allocation id>}}`. */
  p2pAllocations: 'p2p_allocations',
  /** Cluster stack. The `iss` of the cluster's service account tokens, `https://` included. */
  oidcIssuer: 'oidc_issuer',
} as const;

export type OutputName = (typeof OUTPUTS)[keyof typeof OUTPUTS];
