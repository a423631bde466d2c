import { KmsCryptoKey } from '@cdktf/provider-google/lib/kms-crypto-key';
import { KmsCryptoKeyIamMember } from '@cdktf/provider-google/lib/kms-crypto-key-iam-member';
import { KmsKeyRing } from '@cdktf/provider-google/lib/kms-key-ring';
import type { Construct } from 'constructs';

/** 90 days: each new version encrypts what is written from then on; old versions still decrypt. */
export const ROTATION_SECONDS = 90 * 24 * 3600;
/** 30 days in which a destroyed version can be brought back. */
const DESTRUCTION_DELAY_SECONDS = 30 * 24 * 3600;

export interface GcpKeysProps {
  readonly project: string;
  readonly location: string;
  readonly ring: string;
  /** By name: who encrypts with it, as IAM members. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** @default 'SOFTWARE' */
  readonly protectionLevel?: 'SOFTWARE' | 'HSM';
}

/**
 * A key ring and its keys: rotated, and never destroyed by a plan, since what they encrypted would be gone with them. Key rings can't be
 * deleted at all.
 */
export function gcpKeys(scope: Construct, id: string, { project, location, ring, keys, protectionLevel = 'SOFTWARE' }: GcpKeysProps): Record<string, KmsCryptoKey> {
  const keyRing = new KmsKeyRing(scope, `${id}-ring`, { project, location, name: ring, lifecycle: { preventDestroy: true } });
  return Object.fromEntries(
    Object.entries(keys).map(([name, users]) => {
      const key = new KmsCryptoKey(scope, `${id}-${name}`, {
        name,
        keyRing: keyRing.id,
        purpose: 'ENCRYPT_DECRYPT',
        rotationPeriod: `${ROTATION_SECONDS}s`,
        destroyScheduledDuration: `${DESTRUCTION_DELAY_SECONDS}s`,
        versionTemplate: { algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION', protectionLevel },
        lifecycle: { preventDestroy: true },
      });
      users.forEach((member, index) => {
        new KmsCryptoKeyIamMember(scope, `${id}-${name}-user-${index}`, { cryptoKeyId: key.id, role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter', member });
      });
      return [name, key];
    }),
  );
}

/** Programs of Google that work for a project, by which customer-managed keys are used. They exist once their API is on. */
export const serviceAgent = (projectNumber: string, service: 'compute' | 'container' | 'artifact-registry' | 'cloud-sql'): string =>
  `serviceAccount:service-${projectNumber}@${SERVICE_AGENTS[service]}.iam.gserviceaccount.com`;

const SERVICE_AGENTS = {
  compute: 'compute-system',
  container: 'container-engine-robot',
  'artifact-registry': 'gcp-sa-artifactregistry',
  'cloud-sql': 'gcp-sa-cloud-sql',
} as const;
