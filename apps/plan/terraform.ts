import { isDeepStrictEqual } from 'node:util';
import { differences, type Difference } from './diff';
import { refusal } from '../../errors/user-error';
import type { Finding, Risk } from './model';

/** Stack, then the text of its `cdk.tf.json`. */
export type TerraformTree = ReadonlyMap<string, string>;

/**
 * What differs between two synthesized CDKTF apps, by the address of each resource. It compares what is declared: whether a change is made in place
 * or by replacing is the provider's to say, in Terraform's own plan; what is removed, though, is destroyed. Pure.
 */
export function compareTerraform(base: TerraformTree, head: TerraformTree): Finding[] {
  const [before, after] = [parse(base), parse(head)];
  const findings: Finding[] = [];
  const elsewhere = (in_: Map<string, Block>, { address, stack }: Block): string | undefined => [...in_.values()].find((other) => other.address === address && other.stack !== stack)?.stack;
  for (const block of after.values()) {
    const old = before.get(keyOf(block));
    if (!old) findings.push(...added(block));
    else if (!isDeepStrictEqual(old.value, block.value)) findings.push(...changed(old, block));
  }
  for (const block of before.values()) if (!after.has(keyOf(block))) findings.push(removed(block, elsewhere(after, block)));
  return findings;
}

/** Types that hold what can not be made again. */
const DATA = new RegExp(
  `^(${[
    'aws_(db_instance|db_cluster|rds_cluster|rds_cluster_instance|s3_bucket|s3_directory_bucket|kms_key|kms_replica_key|ebs_volume|efs_file_system|fsx_.+|dynamodb_table|backup_vault|secretsmanager_secret|ebs_snapshot|db_snapshot)',
    'google_(sql_database_instance|sql_database|alloydb_cluster|alloydb_instance|storage_bucket|kms_key_ring|kms_crypto_key|kms_crypto_key_version|compute_disk|compute_region_disk|compute_snapshot|secret_manager_secret|filestore_instance|spanner_.+|bigtable_instance|firestore_database)',
    'kubernetes_(persistent_volume|persistent_volume_v1|persistent_volume_claim|persistent_volume_claim_v1|namespace|namespace_v1)',
  ].join('|')})$`,
);
const PERMISSIONS = /iam|_role|policy_attachment|access_entry|access_policy|pod_identity|openid|service_account|workload_identity|_user|_group_membership|_policy$|_policy_document$/;
const EXPOSURE = /firewall|security_group|network_acl|_lb$|_lb_|_eip$|_address$|_nat|route|ingress|egress|peering|private_service_connect|vpc_endpoint/;

/** Fields of data-bearing types of which another value is another thing. */
const IDENTITY = /^(name|name_prefix|bucket|bucket_prefix|identifier|identifier_prefix|cluster_identifier|location|region|project|zone|availability_zone|availability_zones|engine|db_name|username|kms_key_id|kms_key_arn|storage_encrypted|encrypted|encryption_key_name|disk_encryption_key|key_ring|purpose|customer_master_key_spec|key_usage|key_spec|snapshot|snapshot_identifier|object_lock_enabled|db_subnet_group_name)$/;
/** Fields that protect, and the value that does. */
const PROTECTION: Readonly<Record<string, boolean>> = {
  deletion_protection: true, deletion_protection_enabled: true, prevent_destroy: true, force_destroy: false, skip_final_snapshot: false, is_locked: true, point_in_time_recovery_enabled: true, enable_key_rotation: true,
  delete_automated_backups: false, skip_initial_version_creation: false, bypass_policy_lockout_safety_check: false, object_lock_enabled: true, versioning_enabled: true,
};
const SIZES = /^(allocated_storage|size|disk_size|retention_period|backup_retention_period|deletion_window_in_days|destroy_scheduled_duration|transaction_log_retention_days|days|retention_duration_seconds)$/;

interface Block {
  readonly stack: string;
  readonly address: string;
  /** Of a resource; otherwise `provider`, `output`, `terraform` and the like. */
  readonly type: string;
  readonly value: unknown;
}

const keyOf = ({ stack, address }: Block): string => `${stack}\0${address}`;

function say({ stack, address }: Block, risk: Risk, code: string, what: string, more: { readonly next?: string } = {}): Finding {
  return { section: 'terraform', risk, code, what, cluster: stack, subject: address, ...more };
}

function riskOf(type: string, otherwise: Risk): Risk {
  if (PERMISSIONS.test(type)) return 'permissions';
  return EXPOSURE.test(type) ? 'exposure' : otherwise;
}

function added(block: Block): Finding[] {
  if (!isResource(block)) return [say(block, block.type === 'output' || block.type === 'data' ? 'harmless' : 'interrupting', 'terraform-block', `${block.type} is new`)];
  return [say(block, riskOf(block.type, 'harmless'), 'terraform-added', `${block.type} is made`)];
}

function removed(block: Block, other: string | undefined): Finding {
  const to = other === undefined ? '' : `; stack ${other} makes another one of the same address, unless its state is moved first`;
  if (!isResource(block)) return say(block, block.type === 'output' || block.type === 'data' ? 'harmless' : 'interrupting', 'terraform-block', `${block.type} is removed`);
  if (DATA.test(block.type)) {
    return say(block, 'data loss', 'terraform-destroyed', `${block.type} is destroyed, and what it holds with it${to}`, { next: 'Keep it, or take it out of the state on purpose and say where its data went.' });
  }
  return say(block, riskOf(block.type, 'interrupting'), 'terraform-destroyed', `${block.type} is destroyed${to}`);
}

function changed(old: Block, block: Block): Finding[] {
  const found = differences(old.value, block.value).flatMap(leaves);
  const fields = [...new Set(found.map(({ path }) => path.slice(0, 2).join('.')))];
  const shown = fields.length > 6 ? `${fields.slice(0, 6).join(', ')} and ${fields.length - 6} more` : fields.join(', ');
  if (!isResource(block)) {
    const state = block.type === 'terraform' && found.some(({ path }) => path[0] === 'backend');
    return [say(block, block.type === 'output' || block.type === 'data' ? 'harmless' : 'interrupting', 'terraform-block', state ? 'the state is looked for elsewhere: unless it is moved first, everything is made anew' : `${block.type} changes ${shown}`)];
  }
  const dangers = [...found.flatMap(unprotected), ...(DATA.test(block.type) ? found.flatMap(anotherThing) : [])];
  if (dangers.length > 0) return [...new Set(dangers)].map((how) => say(block, 'data loss', 'terraform-data', `${block.type}: ${how}`));
  return [say(block, riskOf(block.type, 'interrupting'), 'terraform-changed', `${block.type} changes ${shown || 'the order of its entries'}; in place or by replacing it, Terraform's own plan says`)];
}

/** A block that goes or comes as a whole, by its fields: one of them may be what protects. */
function leaves({ path, before, after }: Difference): Difference[] {
  const isBlock = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (after === undefined && isBlock(before)) return differences(before, {}, path).flatMap(leaves);
  if (before === undefined && isBlock(after)) return differences({}, after, path).flatMap(leaves);
  return [{ path, before, after }];
}

function unprotected({ path, before, after }: Difference): string[] {
  const field = path.filter((step) => !/^\d+$/.test(step)).at(-1) ?? '';
  const protects = PROTECTION[field];
  if (protects !== undefined && after !== protects && (before === protects || after === !protects)) return [`${path.join('.')} goes from ${text(before)} to ${text(after)}: nothing stops its destruction any more, or it keeps less`];
  if (SIZES.test(field) && Number.isFinite(parseFloat(String(before))) && !(parseFloat(String(after)) >= parseFloat(String(before)))) return [`${path.join('.')} is lowered from ${text(before)} to ${text(after)}`];
  return [];
}

function anotherThing({ path, before, after }: Difference): string[] {
  return path.length === 1 && IDENTITY.test(path[0]!) && before !== undefined ? [`${path[0]} goes from ${text(before)} to ${text(after)}: that may be another one, made empty`] : [];
}

const isResource = ({ type }: Block): boolean => !TOP.has(type);
const TOP = new Set(['data', 'output', 'provider', 'terraform', 'variable', 'locals', 'module', 'moved', 'import', 'removed', 'check', 'ephemeral']);

function parse(tree: TerraformTree): Map<string, Block> {
  const blocks = new Map<string, Block>();
  const add = (stack: string, address: string, type: string, value: unknown): void => {
    const block = { stack, address, type, value: withoutComments(value) };
    blocks.set(keyOf(block), block);
  };
  for (const [stack, json] of tree) {
    for (const [section, content] of Object.entries(read(stack, json))) {
      if (section === '//') continue;
      for (const [name, inner] of entries(content)) {
        if (section === 'resource' || section === 'data') for (const [id, value] of entries(inner)) add(stack, `${section === 'data' ? 'data.' : ''}${name}.${id}`, section === 'data' ? 'data' : name, value);
        else add(stack, `${section}.${name}`, section, section === 'terraform' ? { [name]: inner } : inner);
      }
    }
  }
  return blocks;
}

function read(stack: string, json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch (error) {
    throw refusal(`cdk.tf.json of stack ${stack} is not JSON: ${(error as Error).message}`, 'Find out what wrote it; nothing was compared.');
  }
}

const entries = (value: unknown): [string, unknown][] => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

/** CDKTF notes under `//` where in the program a block comes from. */
function withoutComments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutComments);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== '//').map(([key, inner]) => [key, withoutComments(inner)]));
}

/** Scalars only: what is longer may hold what nobody should read in a comment. */
const text = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'object' ? 'another value' : JSON.stringify(value));
