import { describe, expect, it } from 'vitest';
import { wrongInTerraform } from '../../infra/atlantis/accept';
import { atHomeOnAmazon, exampleStacks, stacksAtHomeOnAmazon, synthesize, type Attributes, type SynthesizedStacks } from '../infra/stacks';
import { roleOf } from '../infra/aws/clusters';

const onGoogle = exampleStacks();
const onAmazon = stacksAtHomeOnAmazon();
const HOMES = [{ home: 'gcp', of: onGoogle }, { home: 'aws', of: onAmazon }] as const;
const { account } = onGoogle.context.fleet.infrastructure.aws;
const IDENTITIES = ['plan', 'apply', 'deploy'];
/** What is said under some keys, in their order. */
const values = (of: Attributes, ...keys: readonly string[]): unknown[] => keys.map((key) => (of as Readonly<Record<string, unknown>>)[key]);

describe.each(HOMES)('the Terraform of Atlantis, at home on $home', ({ home, of }) => {
  it('is let through by the server that it makes', () => {
    for (const id of ['gcp-automation', 'aws-automation', `${home}-atlantis`]) expect(wrongInTerraform(of.text(id), id), id).toEqual([]);
  });

  it('has its machine at home alone, and who it becomes in both clouds', () => {
    expect(of.stacks.flatMap(({ id, kind }) => (kind === 'atlantis' || kind === 'automation' ? [id] : [])).sort()).toEqual([`${home}-atlantis`, 'aws-automation', 'gcp-automation'].sort());
    expect(of.resources('gcp-automation', 'google_service_account').map((one) => one['account_id'] as string)).toEqual(expect.arrayContaining(IDENTITIES.map((who) => `stockade-${who}`)));
    expect(of.resources('aws-automation', 'aws_iam_role').map((one) => one['name'] as string)).toEqual(expect.arrayContaining(IDENTITIES.map((who) => `stockade-${who}`)));
  });

  it('makes no key that lasts: no key of a service account, no user, no access key', () => {
    for (const { id } of of.stacks) expect(of.all(id).map(({ type }) => type).filter((type) => /service_account_key|iam_user|iam_access_key/.test(type)), id).toEqual([]);
  });

  it('lets nobody but its machine become one of them, in either cloud', () => {
    const members = of.resources('gcp-automation', 'google_service_account_iam_member');
    expect(members).toHaveLength(3);
    const machine = home === 'gcp' ? '${google_service_account.machine.member}' : 'principal://iam.googleapis.com/projects/${data.google_project.project.number}/locations/global/workloadIdentityPools/stockade-atlantis/subject/stockade-atlantis';
    expect(new Set(members.map(({ member }) => member as string))).toEqual(new Set([machine]));
    for (const who of IDENTITIES) {
      const { trust } = roleOf(of, 'aws-automation', `stockade-${who}`);
      expect(trust).toHaveLength(1);
      expect(trust[0]).toEqual(
        home === 'aws'
          ? { Effect: 'Allow', Principal: { AWS: 'TOKEN' }, Action: 'sts:AssumeRole' }
          : {
              Effect: 'Allow',
              Principal: { Federated: 'accounts.google.com' },
              Action: 'sts:AssumeRoleWithWebIdentity',
              Condition: { StringEquals: { 'accounts.google.com:sub': 'TOKEN', 'accounts.google.com:aud': 'TOKEN', 'accounts.google.com:oaud': 'sts.amazonaws.com' } },
            },
      );
    }
    expect(of.text('aws-automation')).toContain(home === 'aws' ? '${aws_iam_role.machine.arn}' : '${data.google_service_account.machine.unique_id}');
  });

  it('gives plan what looks, apply what writes, deploy a way to clusters; and none of them a secret', () => {
    const roles = (who: string): string[] => of.resources('gcp-automation', 'google_project_iam_member').filter(({ member }) => member === `\${google_service_account.${who}.member}`).map(({ role }) => String(role));
    const connect = /^projects\/[a-z0-9-]+\/roles\/stockadeConnect$/;
    expect(roles('plan').length).toBeGreaterThan(5);
    expect(roles('plan').filter((role) => !connect.test(role) && !/viewer$|reader$|reviewer$|roles\/browser$/i.test(role))).toEqual([]);
    expect(roles('apply')).toContain('roles/container.admin');
    expect(roles('deploy').length).toBeGreaterThan(0);
    expect(roles('deploy').filter((role) => !connect.test(role))).toEqual([]);
    expect([...roles('plan'), ...roles('apply')].filter((role) => /^roles\/(owner|editor)$|secretAccessor/.test(role))).toEqual([]);
    expect(of.resources('gcp-automation', 'google_storage_bucket_iam_member').map(({ role }) => role as string).sort()).toEqual(['roles/storage.objectAdmin', 'roles/storage.objectViewer']);
    const attached = of.resources('aws-automation', 'aws_iam_role_policy_attachment').map(({ role }) => role as string);
    expect(new Set(attached)).toEqual(new Set(['${aws_iam_role.plan.name}', '${aws_iam_role.apply.name}']));
    expect(roleOf(of, 'aws-automation', 'stockade-deploy').allows.map(({ Action }) => Action)).toEqual(['eks:DescribeCluster']);
  });

  it('opens the gateway\'s one port to plan, where the machine is in no network of Amazon\'s', () => {
    const sessions = roleOf(of, 'aws-automation', 'stockade-plan').allows.filter(({ Action }) => Action === 'ssm:StartSession');
    expect(sessions).toEqual(
      home === 'aws'
        ? []
        : [
            expect.objectContaining({ Resource: `arn:aws:ec2:eu-central-1:${account}:instance/*`, Condition: { StringEquals: { 'ssm:resourceTag/Name': 'stockade-management-gateway' }, BoolIfExists: { 'ssm:SessionDocumentAccessCheck': 'true' } } }),
            expect.objectContaining({ Resource: 'arn:aws:ssm:eu-central-1::document/AWS-StartPortForwardingSession' }),
          ],
    );
  });
});

/** What the apply identity needs to make a type of resource on Google Cloud, by what its name begins with (https://cloud.google.com/iam/docs/roles-permissions). */
const MAKES: Readonly<Record<string, string>> = {
  artifact_registry: 'roles/artifactregistry.admin', binary_authorization: 'roles/binaryauthorization.policyEditor', compute: 'roles/compute.admin', container: 'roles/container.admin', dns: 'roles/dns.admin', iam: 'roles/iam.workloadIdentityPoolAdmin',
  iap: 'roles/iap.admin', kms: 'roles/cloudkms.admin', project_iam: 'roles/resourcemanager.projectIamAdmin', project_iam_custom: 'roles/iam.roleAdmin', project_service: 'roles/serviceusage.serviceUsageAdmin', service_account: 'roles/iam.serviceAccountAdmin',
  service_networking: 'roles/compute.admin', sql: 'roles/cloudsql.admin', storage: 'roles/storage.admin',
};
/** Its content is nobody's but the machine's: a person gives it that. */
const BY_A_PERSON = /^google_secret_manager_secret_iam/;

describe('the roles of apply on Google Cloud', () => {
  const given = (of: SynthesizedStacks): ReadonlySet<string> => new Set(of.resources('gcp-automation', 'google_project_iam_member').filter(({ member }) => member === '${google_service_account.apply.member}').map(({ role }) => role as string));
  const typesOf = (of: SynthesizedStacks): string[] => [...new Set(of.stacks.filter(({ cloud }) => cloud === 'gcp').flatMap(({ id }) => of.all(id).map(({ type }) => type)).filter((type) => type.startsWith('google_') && !BY_A_PERSON.test(type)))];
  const roleFor = (type: string): string | undefined => MAKES[Object.keys(MAKES).filter((prefix) => type.startsWith(`google_${prefix}`)).sort((a, b) => b.length - a.length)[0] ?? ''];

  it.each(HOMES)('are enough for every type that a stack makes, at home on $home', ({ of }) => {
    expect(typesOf(of).filter((type) => !given(of).has(roleFor(type) ?? ''))).toEqual([]);
  });

  it('are no others', () => {
    const needed = new Set(HOMES.flatMap(({ of }) => typesOf(of)).map(roleFor));
    // Beside them: to run machines as an account that it made.
    expect([...given(onGoogle)].filter((role) => !needed.has(role))).toEqual(['roles/iam.serviceAccountUser']);
  });
});

describe('Atlantis on Google Cloud', () => {
  const id = 'gcp-atlantis';

  it('is a machine in the management network without a public address, shielded, its disk under a key of its own', () => {
    const machine = onGoogle.resource(id, 'google_compute_instance');
    expect(machine).toMatchObject({ deletion_protection: true, shielded_instance_config: { enable_secure_boot: true, enable_integrity_monitoring: true }, boot_disk: { kms_key_self_link: '${google_kms_crypto_key.key.id}' } });
    expect(machine['network_interface']).toEqual([{ subnetwork: expect.stringMatching(/\/subnetworks\/stockade-management$/) }]);
    expect(JSON.stringify(onGoogle.resources(id, 'google_kms_crypto_key'))).toContain('rotation_period');
  });

  it('answers the Git host at one path, and nobody else', () => {
    const { rule } = onGoogle.resource(id, 'google_compute_security_policy') as unknown as { rule: { action: string; match: { expr?: { expression: string }; config?: { src_ip_ranges: string[] } } }[] };
    expect(rule.map(({ action }) => action)).toEqual(['allow', 'deny(403)']);
    expect(rule[0]!.match.expr!.expression).toBe(`request.path == '/events' && (inIpRange(origin.ip, '192.0.2.0/24'))`);
    expect(rule[1]!.match.config!.src_ip_ranges).toEqual(['*']);
    expect(onGoogle.resource(id, 'google_compute_global_forwarding_rule')['port_range']).toBe('443');
  });

  it('lets in Google\'s load balancers, and tunnels that break-glass alone may open', () => {
    const rules = onGoogle.resources(id, 'google_compute_firewall');
    for (const rule of rules) expect(rule).toMatchObject({ direction: 'INGRESS', target_tags: ['stockade-atlantis'], allow: [{ protocol: 'tcp', ports: ['4141'] }] });
    expect(rules.map(({ source_ranges }) => source_ranges as string[]).sort()).toEqual([['130.211.0.0/22', '35.191.0.0/16'], ['35.235.240.0/20']]);
    expect(onGoogle.resources(id, 'google_iap_tunnel_instance_iam_member').map((one) => values(one, 'member', 'role'))).toEqual([['group:staking-break-glass@example.com', 'roles/iap.tunnelResourceAccessor']]);
  });

  it('names secrets and holds none', () => {
    expect(onGoogle.resources(id, 'google_secret_manager_secret_iam_member').map(({ secret_id }) => secret_id as string)).toEqual(['atlantis-github-token', 'atlantis-webhook-secret']);
    expect(onGoogle.text(id)).not.toMatch(/data\.google_secret_manager|google_secret_manager_secret_version/);
    const { metadata } = onGoogle.resource(id, 'google_compute_instance') as { metadata: Record<string, string> };
    expect(metadata['startup-script']).not.toContain('${');
    expect(metadata['startup-script']).toContain('STOCKADE_STATE_BUCKETS=example-staking-terraform-gcp example-staking-terraform-aws');
  });
});

describe('Atlantis on Amazon', () => {
  const id = 'aws-atlantis';
  const one = (type: string): Attributes => onAmazon.resource(id, type);
  /** Rules of a firewall, by the name that it is looked for. */
  const rules = (which: 'front' | 'machine', direction: 'ingress' | 'egress'): Attributes[] =>
    onAmazon.resources(id, `aws_vpc_security_group_${direction}_rule`).filter(({ security_group_id }) => security_group_id === `\${aws_security_group.${which}-firewall.id}`);

  it('is a machine in a private subnet of the management network, without a public address', () => {
    expect(one('aws_instance')).toMatchObject({ associate_public_ip_address: false, disable_api_termination: true, subnet_id: '${data.aws_subnet.subnet-stockade-management-private-eu-central-1b.id}' });
    expect(rules('machine', 'ingress').map((one) => values(one, 'from_port', 'to_port', 'referenced_security_group_id'))).toEqual([[4141, 4141, '${aws_security_group.front-firewall.id}']]);
    expect(rules('machine', 'egress').map((one) => values(one, 'from_port', 'to_port'))).toEqual([[443, 443]]);
  });

  it('has its disk under a key of its own, which rotates, and metadata that answer nobody a hop further', () => {
    expect(one('aws_instance')).toMatchObject({
      root_block_device: { encrypted: true, kms_key_id: '${aws_kms_key.key.arn}' },
      metadata_options: { http_tokens: 'required', http_put_response_hop_limit: 1 },
    });
    expect(one('aws_kms_key')).toMatchObject({ enable_key_rotation: true });
  });

  it('answers the Git host at one path by TLS, and nobody else', () => {
    expect(rules('front', 'ingress').map((one) => values(one, 'cidr_ipv4', 'from_port', 'to_port'))).toEqual([['192.0.2.0/24', 443, 443]]);
    expect(rules('front', 'egress').map((one) => values(one, 'referenced_security_group_id', 'from_port'))).toEqual([['${aws_security_group.machine-firewall.id}', 4141]]);
    expect(one('aws_lb_listener')).toMatchObject({ port: 443, protocol: 'HTTPS', default_action: [{ type: 'fixed-response', fixed_response: { status_code: '403' } }] });
    expect(one('aws_lb_listener')['ssl_policy']).toMatch(/TLS13/);
    expect(one('aws_lb_listener_rule')).toMatchObject({ condition: [{ path_pattern: { values: ['/events'] } }] });
    expect(one('aws_lb')).toMatchObject({ enable_deletion_protection: true, drop_invalid_header_fields: true, internal: false });
  });

  it('names secrets and holds none; its own role reads these two and becomes the three, and nothing else', () => {
    expect(onAmazon.text(id)).not.toMatch(/aws_secretsmanager_secret_version/);
    const { allows } = roleOf(onAmazon, 'aws-automation', 'stockade-atlantis');
    const of = (sid: string) => allows.find(({ Sid }) => Sid === sid)!;
    expect(of('Become')).toMatchObject({ Action: 'sts:AssumeRole', Resource: IDENTITIES.map((who) => `arn:aws:iam::${account}:role/stockade-${who}`) });
    expect(of('Secrets')).toMatchObject({ Action: 'secretsmanager:GetSecretValue', Resource: ['atlantis-github-token', 'atlantis-webhook-secret'].map((name) => `arn:aws:secretsmanager:eu-central-1:${account}:secret:${name}-??????`) });
    expect(allows.map(({ Sid }) => Sid)).toEqual(['Become', 'Secrets', 'Script', 'Sessions', 'SessionChannels']);
  });

  it('pulls its image from ECR where that is there', () => {
    const withEcr = synthesize((context) => {
      const home = atHomeOnAmazon(context);
      const { infrastructure } = home.fleet;
      return { ...home, fleet: { ...home.fleet, infrastructure: { ...infrastructure, atlantis: { ...infrastructure.atlantis, image: `${account}.dkr.ecr.eu-central-1.amazonaws.com/staking/atlantis` } } } };
    });
    const pull = roleOf(withEcr, 'aws-automation', 'stockade-atlantis').allows.find(({ Sid }) => Sid === 'Pull')!;
    expect(pull.Resource).toBe(`arn:aws:ecr:eu-central-1:${account}:repository/staking/atlantis`);
    expect(script(withEcr)).toContain(`aws ecr get-login-password --region eu-central-1 | docker login --username AWS --password-stdin ${account}.dkr.ecr.eu-central-1.amazonaws.com`);
  });

  it('learns at each start what it is told, the number of Google\'s project included, and is not stopped for it', () => {
    expect(script(onAmazon)).toContain('STOCKADE_GCP_PROJECT_NUMBER=${data.google_project.project.number}');
    expect(script(onAmazon)).not.toContain('STOCKADE_EKS_PROXY');
    // Nothing of what may change is in the user data, whose change Terraform makes with the machine stopped.
    const { user_data: userData } = one('aws_instance') as { user_data: string };
    for (const setting of ['registry.example.com', 'example-staking', 'STOCKADE_']) expect(userData).not.toContain(setting);
    expect(one('aws_instance')).toMatchObject({ disable_api_stop: true, volume_tags: { Name: 'stockade-atlantis' } });
    expect(roleOf(onAmazon, 'aws-automation', 'stockade-atlantis').allows.find(({ Sid }) => Sid === 'Script')).toMatchObject({ Action: 'ssm:GetParameter', Resource: `arn:aws:ssm:eu-central-1:${account}:parameter/stockade/atlantis/machine` });
  });

  const script = (of: SynthesizedStacks): string => of.resource(id, 'aws_ssm_parameter')['value'] as string;
});
