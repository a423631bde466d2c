import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readOutput } from '../../apps/plan/revision';
import { makePlan } from '../../apps/plan/report';
import { UserError } from '../../errors/user-error';
import type { Plan } from '../../apps/plan/model';

const folder = mkdtempSync(join(tmpdir(), 'stockade-plan-terraform-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Resources = Record<string, Record<string, Record<string, unknown>>>;
type Stacks = Record<string, { resource?: Resources; [block: string]: unknown }>;

const BASE: Stacks = {
  'gke-a-cluster': {
    '//': { metadata: { version: '0.21.0' } },
    terraform: { backend: { gcs: { bucket: 'state', prefix: 'gke-a-cluster' } }, required_providers: { google: { source: 'google', version: '6.0.0' } } },
    provider: { google: [{ project: 'p' }] },
    resource: {
      google_container_cluster: { cluster: { '//': { path: 'a/b' }, name: 'gke-a', location: 'europe-west1', deletion_protection: true } },
      google_compute_firewall: { webhooks: { allow: [{ protocol: 'tcp', ports: ['8443'] }] } },
      google_project_iam_member: { puller: { role: 'roles/artifactregistry.reader', member: 'serviceAccount:a' } },
      google_compute_router: { router: { name: 'r' } },
    },
    output: { endpoint: { value: 'x' } },
  },
  data: {
    resource: {
      google_sql_database_instance: { db: { name: 'secrets', region: 'europe-west1', deletion_protection: true, lifecycle: { prevent_destroy: true }, settings: { tier: 'small', disk_size: 100 } } },
      google_storage_bucket: { snapshots: { name: 'snapshots', location: 'EU', force_destroy: false, retention_policy: { retention_period: 2592000 } } },
      google_kms_crypto_key: { disks: { name: 'disks', rotation_period: '7776000s' } },
      aws_kms_key: { disks: { enable_key_rotation: true, deletion_window_in_days: 30 } },
    },
  },
};

let count = 0;
/** Written to a folder and read as it would be after a synthesis. */
function output(stacks: Stacks | undefined): ReturnType<typeof readOutput> {
  const root = join(folder, String((count += 1)));
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const [id, stack] of Object.entries(stacks ?? {})) {
    const file = join(root, 'cdktf.out', 'stacks', id, 'cdk.tf.json');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(stack));
  }
  return readOutput(root, 'fixture');
}

const planOf = (before: Stacks | undefined, after: Stacks | undefined): Plan => makePlan({ base: output(before), head: output(after) });

function changed(change: (stacks: typeof BASE) => unknown): Stacks {
  const copy = structuredClone(BASE);
  change(copy);
  return copy;
}
const resource = (stacks: Stacks, stack: string, type: string, id: string): Record<string, unknown> => stacks[stack]!.resource![type]![id]!;

describe('two sets of Terraform stacks', () => {
  it('that are the same, comments apart, differ in nothing', () => {
    expect(planOf(BASE, changed((stacks) => (resource(stacks, 'gke-a-cluster', 'google_container_cluster', 'cluster')['//'] = { path: 'moved' }))).findings).toEqual([]);
  });

  it.each(['google_sql_database_instance.db', 'google_storage_bucket.snapshots', 'google_kms_crypto_key.disks', 'aws_kms_key.disks'])('call it data loss when %s goes', (address) => {
    const [type, id] = address.split('.') as [string, string];
    const plan = planOf(BASE, changed((stacks) => delete stacks['data']!.resource![type]![id]));
    expect(plan.findings).toMatchObject([{ section: 'terraform', risk: 'data loss', code: 'terraform-destroyed', places: { data: [address] } }]);
    expect(plan.findings[0]!.next).toMatch(/take it out of the state on purpose/);
  });

  it('call it data loss when a stack goes that holds data', () => {
    const plan = planOf(BASE, changed((stacks) => delete stacks['data']));
    expect(plan.risks['data loss']).toBe(4);
  });

  it.each([
    ['another place', (stacks: Stacks): unknown => (resource(stacks, 'data', 'google_storage_bucket', 'snapshots')['location'] = 'US'), /location goes from "EU" to "US": that may be another one, made empty/],
    ['deletion protection', (stacks: Stacks): unknown => (resource(stacks, 'data', 'google_sql_database_instance', 'db')['deletion_protection'] = false), /deletion_protection goes from true to false/],
    ['prevent_destroy', (stacks: Stacks): unknown => delete resource(stacks, 'data', 'google_sql_database_instance', 'db')['lifecycle'], /lifecycle/],
    ['force_destroy', (stacks: Stacks): unknown => (resource(stacks, 'data', 'google_storage_bucket', 'snapshots')['force_destroy'] = true), /force_destroy goes from false to true/],
    ['a smaller disk', (stacks: Stacks): unknown => ((resource(stacks, 'data', 'google_sql_database_instance', 'db')['settings'] as Record<string, number>)['disk_size'] = 50), /disk_size is lowered from 100 to 50/],
    ['a shorter retention', (stacks: Stacks): unknown => (resource(stacks, 'data', 'google_storage_bucket', 'snapshots')['retention_policy'] = { retention_period: 60 }), /retention_period is lowered/],
    ['a shorter wait before a key is gone', (stacks: Stacks): unknown => (resource(stacks, 'data', 'aws_kms_key', 'disks')['deletion_window_in_days'] = 7), /deletion_window_in_days is lowered from 30 to 7/],
  ] as const)('call it data loss: %s', (_says, change, what) => {
    const plan = planOf(BASE, changed((stacks) => change(stacks)));
    expect(plan.findings).toHaveLength(1);
    expect(plan.findings[0]!.risk).toBe('data loss');
    expect(plan.findings[0]!.what).toMatch(what);
  });

  it('tell of what is made, changed and destroyed by address, each with its risk', () => {
    const plan = planOf(BASE, changed((stacks) => {
      const resources = stacks['gke-a-cluster']!.resource!;
      resources['google_compute_firewall']!['open'] = { source_ranges: ['0.0.0.0/0'] };
      resources['google_project_iam_member']!['puller']!['role'] = 'roles/owner';
      delete resources['google_compute_router'];
      resources['google_compute_subnetwork'] = { nodes: { name: 'n' } };
    }));
    expect(plan.findings.map(({ risk, code, places }) => [risk, code, Object.values(places).flat()[0]])).toEqual([
      ['permissions', 'terraform-changed', 'google_project_iam_member.puller'],
      ['exposure', 'terraform-added', 'google_compute_firewall.open'],
      ['exposure', 'terraform-destroyed', 'google_compute_router.router'],
      ['harmless', 'terraform-added', 'google_compute_subnetwork.nodes'],
    ]);
  });

  it('tell that another backend makes everything anew', () => {
    const plan = planOf(BASE, changed((stacks) => ((stacks['gke-a-cluster']!['terraform'] as { backend: { gcs: { prefix: string } } }).backend.gcs.prefix = 'other')));
    expect(plan.findings).toMatchObject([{ risk: 'interrupting', code: 'terraform-block', what: expect.stringContaining('everything is made anew') }]);
  });

  it('tell that a resource which changes its stack is destroyed there', () => {
    const plan = planOf(BASE, changed((stacks) => {
      const bucket = stacks['data']!.resource!['google_storage_bucket']!;
      stacks['gke-a-cluster']!.resource!['google_storage_bucket'] = bucket;
      delete stacks['data']!.resource!['google_storage_bucket'];
    }));
    expect(plan.findings.find(({ risk }) => risk === 'data loss')?.what).toMatch(/stack gke-a-cluster makes another one of the same address, unless its state is moved first/);
  });

  it('are not compared where only one side has them, which a note says', () => {
    expect(planOf(undefined, BASE)).toMatchObject({ findings: [], notes: ['Only fixture has Terraform stacks: they were not compared.'] });
  });

  it('are refused where they are no JSON', () => {
    const broken = output(BASE);
    expect(() => makePlan({ base: broken, head: { ...broken, terraform: new Map([['data', '{']]) } })).toThrow(UserError);
  });

  it('have every single change of a field reported at its address', () => {
    const places = Object.entries(BASE).flatMap(([stack, { resource: types = {} }]) => Object.entries(types).flatMap(([type, ids]) => Object.entries(ids).flatMap(([id, fields]) => Object.keys(fields).filter((field) => field !== '//').map((field) => [stack, type, id, field] as const))));
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom<unknown>('fuzzed', 7, null, { a: 1 }, [1], undefined), ([stack, type, id, field], value) => {
        const head = changed((stacks) => (value === undefined ? delete resource(stacks, stack, type, id)[field] : (resource(stacks, stack, type, id)[field] = value)));
        const plan = makePlan({ base: { name: 'a', manifests: output(undefined).manifests, terraform: texts(BASE) }, head: { name: 'b', manifests: output(undefined).manifests, terraform: texts(head) } });
        expect(plan.findings.flatMap(({ places: where }) => where[stack] ?? [])).toContain(`${type}.${id}`);
      }),
      { numRuns: 100 },
    );
  });
});

const texts = (stacks: Stacks): Map<string, string> => new Map(Object.entries(stacks).map(([id, stack]) => [id, JSON.stringify(stack)]));
