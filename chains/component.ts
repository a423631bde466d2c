import type { HealthCheck, PrepareStep, SecretFormat } from '../contract/agent-config';
import type { ChainEntry, ChainNode, ComponentDemand, VolumeKind } from '../model/catalogue';

/**
 * The model of what a chain runs. A definition says what; `StakingNode` decides how. Nothing here is a Kubernetes
 * object: a port has a purpose, a volume a kind, and an exception a reason.
 */
export interface ComponentSpec extends ComponentDemand {
  /** Unique in its node: `execution`, `consensus`, `validator`, `node`. */
  readonly name: string;
  readonly client: string;
  readonly image: ImageReference;
  /** Replaces the image's entry point. Default: the image's own. */
  readonly command?: readonly string[];
  /** Arguments, in order. Never a secret: secrets are files. */
  readonly args: readonly string[];
  /** Environment, never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
  /** In-cluster and external destinations, beyond what `egress` opens. Whoever is named has to be reachable. */
  readonly talksTo: readonly Peer[];
  /**
   * Public destinations. `p2p`: any port of any public address. `https`: TCP 443 of any public address.
   * Neither opens private ranges or the metadata addresses.
   */
  readonly egress: readonly ('p2p' | 'https')[];
  readonly volumes: readonly Volume[];
  /** Folders in memory or on the machine's own disk, empty at every start. */
  readonly temporary?: readonly TemporaryFolder[];
  /** Small, public files. Each folder is mounted whole and read-only; its content is immutable per revision. */
  readonly config?: readonly ConfigFolder[];
  /** Secrets that the agent writes before the client starts. */
  readonly secrets?: readonly SecretFile[];
  /** Why the client must write beside its secrets (lock files). Default: it gets the folder read-only. */
  readonly writableSecrets?: string;
  /** What the agent's `prepare` step does on the volumes before the client starts, in order. */
  readonly prepare?: readonly PrepareStep[];
  readonly health: HealthCheck;
  readonly metrics?: { readonly port: string; readonly path: string };
  readonly shutdown: Shutdown;
  /** Seconds in which the client may open its database before liveness is judged. */
  readonly startupSeconds: number;
  /** Weakenings of the hardening, each with its reason. They show in the synthesis report. */
  readonly exceptions?: readonly HardeningException[];
  /** What in this definition nobody has run against the real client. */
  readonly unverified?: readonly string[];
}

export interface ImageReference {
  readonly repository: string;
  readonly version: string;
  readonly digest?: string;
  readonly dataSchema: number;
}

/**
 * Who a port is for. `p2p`: the network's other nodes, from outside. `rpc`: in-cluster callers, once ready.
 * `engine`, `sentry`: in-cluster callers, ready or not. `metrics`: the monitoring namespace. `local`: nobody outside the pod.
 */
export type PortPurpose = 'p2p' | 'rpc' | 'engine' | 'sentry' | 'metrics' | 'local';

export interface Port {
  /** At most 15 characters, as Kubernetes wants port names. Unique in the component. */
  readonly name: string;
  /** The same number inside and outside the pod. */
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly purpose: PortPurpose;
}

/** A destination that this component needs. */
export type Peer =
  | {
    /** A component of this node, or of another node of the same network and cluster. */
    readonly kind: 'component';
    readonly node?: string;
    readonly component: string;
    /** Names of its ports. */
    readonly ports: readonly string[];
  }
  | {
    /** One public address outside the cluster, such as a sentry in another one. */
    readonly kind: 'address';
    readonly address: string;
    readonly port: number;
    readonly protocol: 'TCP' | 'UDP';
  };

export interface Volume {
  /** Unique in its component; part of the PVC's name. */
  readonly name: string;
  readonly kind: VolumeKind;
  readonly mountPath: string;
  readonly sizeGiB: number;
}

export interface TemporaryFolder {
  readonly name: string;
  readonly mountPath: string;
  readonly sizeMiB: number;
  readonly medium: 'memory' | 'disk';
}

export interface ConfigFolder {
  readonly name: string;
  readonly mountPath: string;
  /** File name, then content. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where the client finds secrets: one memory-backed folder for each first path segment below {@link SECRETS_PATH}. */
export const SECRETS_PATH = '/secrets';
/** A writable folder for every client whose image insists on one. */
export const TMP_PATH = '/tmp';

/**
 * A file, or a family of files, that the agent fetches and writes with mode 0400.
 * The formats are what the agent must know how to write; the secret manager stores the raw secret.
 */
export interface SecretFile {
  /** Name of the secret, unique in its component. For keys, the agent appends the public key. */
  readonly name: string;
  /** `validatorKey`: one secret for each of the node's keys. `nodeSecret`: one for the node, shared by its components. */
  readonly kind: 'validatorKey' | 'nodeSecret';
  /** With `validatorKey`: only keys whose canonical form starts so, where one node signs with keys of several kinds. Default: all of them. */
  readonly keyPrefix?: string;
  readonly format: SecretFormat;
  /** Absolute, below {@link SECRETS_PATH}. `{publicKey}` stands for a key's canonical form. */
  readonly path: string;
  /** With keystore formats: where the password of the keystore goes. */
  readonly passwordPath?: string;
}

export interface Shutdown {
  /** Seconds that the client may take after SIGTERM. The agent's own margin comes on top. */
  readonly graceSeconds: number;
  /** Run in the client's container before SIGTERM; for clients that SIGTERM alone does not end cleanly. */
  readonly preStop?: readonly string[];
}

export interface HardeningException {
  readonly what:
    | 'host-network'
    | 'host-port'
    | 'seccomp-localhost'
    | 'machine-feature'
    | 'capability'
    | 'root-user'
    | 'writable-root';
  /** What exactly: the profile's name, the capability, the machine feature. */
  readonly value?: string;
  readonly reason: string;
}

/** A chain's definition: what the fleet needs of it, and the function from a node to what it runs. */
export interface ChainDefinition extends ChainEntry {
  components(node: ChainNode): readonly ComponentSpec[];
}

/** What the agent asks for beside every client; counted when pools are sized. */
export const AGENT_DEMAND = { cpuMillis: 50, memoryMiB: 96, ephemeralMiB: 64 } as const;
