import { ComputeAddress } from '@cdktf/provider-google/lib/compute-address';
import { ComputeForwardingRule } from '@cdktf/provider-google/lib/compute-forwarding-rule';
import { ComputeSubnetwork } from '@cdktf/provider-google/lib/compute-subnetwork';
import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import { DnsManagedZone } from '@cdktf/provider-google/lib/dns-managed-zone';
import { DnsRecordSet } from '@cdktf/provider-google/lib/dns-record-set';
import { SqlDatabase } from '@cdktf/provider-google/lib/sql-database';
import { SqlDatabaseInstance } from '@cdktf/provider-google/lib/sql-database-instance';
import type { Construct } from 'constructs';
import { DATABASE_HOST, DATABASE_KEY_NAME, DATABASE_NAME, DATABASE_ZONE, ENVELOPE_KEY_NAME, MANAGEMENT_NETWORK, networkName, privateSubnetName } from '../../../naming/clouds';
import { gcpKeys, serviceAgent } from '../../parts/gcp-keys';
import { gcpProjects, gkeClusters } from '../../context/gcp';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** A network from which the database is reached, by an address of its own in one of its subnets. */
interface Reach {
  readonly from: string;
  readonly project: string;
  readonly network: string;
  readonly subnetwork: string;
}

/**
 * The secret manager's database and the keys of what it encrypts. It has no address but the endpoints below: the networks of the home region's
 * clusters, where the secret manager runs, and the management network's. Whoever is elsewhere asks the secret manager.
 *
 * Private Service Connect instead of a peered network: peerings don't pass on, so a peered database would be seen from one network alone.
 */
export class GcpSecretManagerStack extends GcpStack {
  private readonly region: string;

  constructor(scope: Construct, id: string, context: StackContext) {
    const { infrastructure, clusters } = context.fleet;
    const { home, gcp, maintenance } = infrastructure;
    const { project } = gcp;
    super(scope, id, context, { project, region: home.region });
    this.region = home.region;

    const { number } = new DataGoogleProject(this, 'project', { projectId: project });
    const databaseKeys = gcpKeys(this, 'database', { project, location: home.region, ring: DATABASE_KEY_NAME, keys: { [DATABASE_KEY_NAME]: [serviceAgent(number, 'cloud-sql')] } });
    // Who uses it is the identities stack's: the secret manager alone.
    gcpKeys(this, 'envelope', { project, location: home.region, ring: ENVELOPE_KEY_NAME, keys: { [ENVELOPE_KEY_NAME]: [] }, protectionLevel: 'HSM' });

    const instance = new SqlDatabaseInstance(this, 'database', {
      project,
      name: DATABASE_NAME,
      region: home.region,
      databaseVersion: `POSTGRES_${home.database.version}`,
      encryptionKeyName: databaseKeys[DATABASE_KEY_NAME]!.id,
      deletionProtection: true,
      settings: {
        tier: home.database.machine,
        edition: 'ENTERPRISE',
        // A second machine in another zone holds every commit before it is answered.
        availabilityType: 'REGIONAL',
        diskType: 'PD_SSD',
        diskSize: home.database.storageGiB,
        diskAutoresize: true,
        deletionProtectionEnabled: true,
        retainBackupsOnDelete: true,
        backupConfiguration: {
          enabled: true,
          startTime: maintenance.start,
          location: home.region,
          pointInTimeRecoveryEnabled: true,
          transactionLogRetentionDays: 7,
          backupRetentionSettings: { retainedBackups: home.database.backupDays, retentionUnit: 'COUNT' },
        },
        ipConfiguration: {
          ipv4Enabled: false,
          sslMode: 'ENCRYPTED_ONLY',
          serverCaMode: 'GOOGLE_MANAGED_CAS_CA',
          pscConfig: [{ pscEnabled: true, allowedConsumerProjects: gcpProjects(context) }],
        },
        databaseFlags: [
          { name: 'cloudsql.iam_authentication', value: 'on' },
          { name: 'log_connections', value: 'on' },
          { name: 'log_disconnections', value: 'on' },
          { name: 'log_checkpoints', value: 'on' },
          { name: 'log_lock_waits', value: 'on' },
        ],
        maintenanceWindow: { day: WEEK.indexOf(maintenance.days[0]!) + 1, hour: Number(maintenance.start.split(':')[0]), updateTrack: 'stable' },
        passwordValidationPolicy: { enablePasswordPolicy: true, minLength: 32, complexity: 'COMPLEXITY_DEFAULT' },
        insightsConfig: { queryInsightsEnabled: false },
        userLabels: { ...context.fleet.settings.labels },
      },
      lifecycle: { preventDestroy: true },
    });
    new SqlDatabase(this, 'secret-manager', { project, instance: instance.name, name: 'secret_manager', deletionPolicy: 'ABANDON' });

    new ComputeSubnetwork(this, 'management-subnet', {
      project,
      name: DATABASE_NAME,
      network: `projects/${project}/global/networks/${MANAGEMENT_NETWORK}`,
      region: home.region,
      ipCidrRange: home.range,
      privateIpGoogleAccess: true,
      logConfig: { aggregationInterval: 'INTERVAL_1_MIN', flowSampling: 1, metadata: 'INCLUDE_ALL_METADATA' },
    });
    this.endpoint(instance, { from: 'management', project, network: MANAGEMENT_NETWORK, subnetwork: DATABASE_NAME });
    for (const cluster of gkeClusters(clusters).filter(({ region }) => region === home.region)) {
      this.endpoint(instance, { from: cluster.name, project: cluster.project, network: networkName(cluster.name), subnetwork: privateSubnetName(cluster.name) });
    }
  }

  private endpoint(instance: SqlDatabaseInstance, { from, project, network, subnetwork }: Reach): void {
    const { region } = this;
    const name = `${DATABASE_NAME}-${from}`;
    const networkUrl = `projects/${project}/global/networks/${network}`;
    const own = this.node.tryFindChild('management-subnet') as ComputeSubnetwork;
    const waits = from === 'management' ? { dependsOn: [own] } : {};
    const address = new ComputeAddress(this, `endpoint-${from}-address`, { project, name, region, addressType: 'INTERNAL', subnetwork: `projects/${project}/regions/${region}/subnetworks/${subnetwork}`, ...waits });
    new ComputeForwardingRule(this, `endpoint-${from}`, {
      project,
      name,
      region,
      network: networkUrl,
      ipAddress: address.selfLink,
      target: instance.pscServiceAttachmentLink,
      // What makes it an endpoint of Private Service Connect.
      loadBalancingScheme: '',
      allowPscGlobalAccess: false,
    });
    const zone = new DnsManagedZone(this, `zone-${from}`, {
      project,
      name,
      dnsName: `${DATABASE_ZONE}.`,
      description: 'Where this network finds the secret manager\'s database.',
      visibility: 'private',
      privateVisibilityConfig: { networks: [{ networkUrl }] },
    });
    new DnsRecordSet(this, `record-${from}`, { project, managedZone: zone.name, name: `${DATABASE_HOST}.`, type: 'A', ttl: 60, rrdatas: [address.address] });
  }
}

const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
