import { z } from 'zod';
import { digest, imageRepository, name, version } from './primitives';

const groups = z
  .strictObject({
    gcp: z.array(z.email()).min(1).describe('Google groups, by address.'),
    aws: z.array(z.string().regex(/^[A-Za-z0-9:_.-]+$/)).min(1).describe('Kubernetes groups that EKS access entries map to.'),
  })
  .describe('Groups that hold a role, as each cloud names them.');

const concentration = z.strictObject({
  of: z.enum(['client', 'cluster', 'region', 'cloud']).describe('What must not hold too many validators of one network.'),
  component: name.optional().describe('With `of: client`: which component. Default: each of them.'),
  networks: z.array(name).min(1).optional().describe('Default: every network.'),
  maxPercent: z.number().min(1).max(100).describe('Share of the network\'s validator keys, in percent.'),
  minKeys: z.number().int().min(1).default(1).describe('Networks with fewer keys than this are not judged.'),
  level: z.enum(['error', 'warning']),
});

/** `fleet/settings.yaml`: what holds for the whole fleet. */
export const settingsSchema = z.strictObject({
  organisation: name,
  requireDigest: z.boolean().describe('Refuse images without a digest. On in production.'),
  registries: z.array(z.string().min(1)).min(1).describe('Prefixes of the image repositories that may be used.'),
  labels: z.record(z.string(), z.string()).default({}).describe('Labels or tags for cost and owner, on everything.'),
  access: z.strictObject({
    viewers: groups,
    operators: groups,
    deployers: groups,
    planners: groups.describe('What plans pull requests: reads, and writes in dry runs alone. A program\'s identity; no person.'),
    breakGlass: groups,
    platform: groups.describe('What builds clusters: applies namespaces, policies and roles. A program\'s identity; no person.'),
    dataCustodians: groups.describe('May delete disks. Membership is granted for an hour, by two people.'),
  }),
  agent: z.strictObject({ image: imageRepository, version, digest: digest.optional() }).describe('Image of the secret agent.'),
  limits: z.strictObject({ concentration: z.array(concentration).default([]) }),
});
export type Settings = z.output<typeof settingsSchema>;
export type GroupsByCloud = z.output<typeof groups>;
