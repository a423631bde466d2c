import { z } from 'zod';

const dnsLabelPattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** A name that Kubernetes and both clouds accept: lower case letters, digits and `-`, starting with a letter. */
export const name = z
  .string()
  .max(63)
  .regex(dnsLabelPattern, 'must be lower case letters, digits and "-", start with a letter and end with a letter or digit');

export const version = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be an image tag: letters, digits, ".", "_" and "-"')
  .refine((tag) => tag !== 'latest', 'must name one version: "latest" is a different client tomorrow');

/** What a pool's machines run: a version of GKE (`1.34.1-gke.2190000`), or a release of the EKS machine image (`1.34.1-20251120`). */
export const machineVersion = z
  .string()
  .regex(/^1\.[0-9]{2}\.[0-9]+-(gke\.[0-9]+|[0-9]{8})$/, 'must be an exact version, such as "1.34.1-gke.2190000" or "1.34.1-20251120"')
  .describe('Exact version of the machines. A change moves each of their pods once. Without it they stay as they were made.');

/** A repository without tag or digest: `docker.io/ethereum/client-go`. */
export const imageRepository = z
  .string()
  .regex(
    /^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
    'must be a registry host and a repository, without tag or digest, such as "docker.io/ethereum/client-go"',
  );

export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower case hexadecimal digits');

export const httpsUrl = z.url({ protocol: /^https$/, error: 'must be an https:// URL' });

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
export const ipv4 = z.string().regex(new RegExp(`^${octet}(\\.${octet}){3}$`), 'must be an IPv4 address');
export const cidr = z
  .string()
  .regex(new RegExp(`^${octet}(\\.${octet}){3}/(3[0-2]|[12]?[0-9])$`), 'must be an IPv4 range such as "10.0.0.0/16"');

export const port = z.number().int().min(1).max(65535);
export const gibibytes = z.number().int().min(1).max(65536);
