import { z } from 'zod';
import { ipv4, name } from './primitives';

/** `fleet/observed/<cluster>.yaml`: what the cloud assigned on apply, recorded and reviewed. */
export const observedSchema = z.strictObject({
  addresses: z
    .record(name, z.record(name, ipv4))
    .default({})
    .describe('Node, then component: the public address of its load balancer.'),
  allocations: z
    .record(name, z.record(name, z.string().regex(/^eipalloc-[0-9a-f]{8,17}$/, 'must be an Elastic IP allocation id, "eipalloc-" and hexadecimal digits')))
    .default({})
    .describe('EKS only. Node, then component: the Elastic IP allocation behind its address.'),
  natAddresses: z.array(ipv4).default([]).describe('Public addresses that the private machines leave from.'),
  oidcIssuer: z.string().optional().describe('Issuer of the cluster\'s service account tokens.'),
});
export type Observed = z.output<typeof observedSchema>;
