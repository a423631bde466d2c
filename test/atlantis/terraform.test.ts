import { describe, expect, it } from 'vitest';
import { wrongInTerraform } from '../../infra/atlantis/accept';
import { contextOf, exampleFiles, terraformOf } from './fleets';

const context = contextOf(exampleFiles());
const text = terraformOf(context).get('gcp-atlantis')!;
const { resource } = JSON.parse(text) as { resource: Record<string, Record<string, Record<string, unknown>>> };
const of = (type: string): Record<string, unknown>[] => Object.values(resource[type] ?? {});

describe('the Terraform of Atlantis itself', () => {
  it('is let through by the server that it makes', () => {
    expect(wrongInTerraform(text, 'gcp-atlantis')).toEqual([]);
  });

  it('is a machine in the management network without a public address, shielded, its disk under a key of its own', () => {
    const [machine] = of('google_compute_instance');
    expect(machine).toMatchObject({ deletion_protection: true, shielded_instance_config: { enable_secure_boot: true, enable_integrity_monitoring: true }, boot_disk: { kms_key_self_link: '${google_kms_crypto_key.key.id}' } });
    expect(machine!['network_interface']).toEqual([{ subnetwork: expect.stringMatching(/\/subnetworks\/stockade-management$/) }]);
    expect(JSON.stringify(of('google_kms_crypto_key'))).toContain('rotation_period');
  });

  it('answers the Git host at one path, and nobody else', () => {
    const [policy] = of('google_compute_security_policy') as unknown as { rule: { action: string; priority: number; match: { expr?: { expression: string }; config?: { src_ip_ranges: string[] } } }[] }[];
    expect(policy!.rule.map(({ action }) => action)).toEqual(['allow', 'deny(403)']);
    expect(policy!.rule[0]!.match.expr!.expression).toBe(`request.path == '/events' && (inIpRange(origin.ip, '192.0.2.0/24'))`);
    expect(policy!.rule[1]!.match.config!.src_ip_ranges).toEqual(['*']);
    const [firewall] = of('google_compute_firewall');
    expect(firewall).toMatchObject({ direction: 'INGRESS', source_ranges: ['130.211.0.0/22', '35.191.0.0/16'], allow: [{ protocol: 'tcp', ports: ['4141'] }] });
    expect(of('google_compute_global_forwarding_rule')).toMatchObject([{ port_range: '443' }]);
  });

  it('has two identities: one that looks, one that writes; the machine may become both and do nothing itself', () => {
    const roles = (identity: string): string[] => of('google_project_iam_member').filter(({ member }) => member === `\${google_service_account.${identity}.member}`).map(({ role }) => String(role));
    expect(roles('plan').length).toBeGreaterThan(5);
    expect(roles('plan').filter((role) => !/viewer$|reader$|reviewer$|roles\/browser$/i.test(role))).toEqual([]);
    expect(roles('apply')).toContain('roles/container.admin');
    expect(roles('machine')).toEqual([]);
    expect([...roles('plan'), ...roles('apply')].filter((role) => /^roles\/(owner|editor)$|secretAccessor/.test(role))).toEqual([]);
    expect(of('google_storage_bucket_iam_member').map(({ role }) => role).sort()).toEqual(['roles/storage.objectAdmin', 'roles/storage.objectViewer']);
    expect(of('google_service_account_iam_member').map(({ role }) => role)).toEqual(['roles/iam.serviceAccountTokenCreator', 'roles/iam.serviceAccountTokenCreator']);
  });

  it('names secrets and holds none', () => {
    expect(of('google_secret_manager_secret_iam_member').map(({ secret_id }) => secret_id)).toEqual(['atlantis-github-token', 'atlantis-webhook-secret']);
    expect(resource).not.toHaveProperty('google_secret_manager_secret_version');
    expect(text).not.toMatch(/data\.google_secret_manager/);
    const { metadata } = of('google_compute_instance')[0] as { metadata: Record<string, string> };
    expect(metadata['user-data']).not.toContain('${');
    expect(metadata['user-data']).toContain('STOCKADE_STATE_BUCKETS=example-staking-terraform-gcp example-staking-terraform-aws');
  });
});
