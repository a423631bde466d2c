import { describe, expect, it } from 'vitest';
import { catalogue, chains } from '../../chains';
import { AGENT_DEMAND, SECRETS_PATH, TMP_PATH, type ComponentSpec } from '../../chains/component';
import { clientsOf, componentsOf, everySample, everySampleOf, exampleKey, variantsOf, type Sample } from './every-chain';

const samples = everySample();

/** Says which sample and component broke a property, and how. */
function broken(property: (component: ComponentSpec, sample: Sample) => string | false | undefined): string[] {
  return samples.flatMap((sample) =>
    sample.chain.components(sample.node).flatMap((component) => {
      const problem = property(component, sample);
      return problem ? [`${sample.label}: ${component.name} ${problem}`] : [];
    }),
  );
}

describe('the catalogue', () => {
  it('names each chain as it is listed', () => {
    expect(Object.entries(chains).map(([name, chain]) => [name, chain.name])).toEqual([
      ['avalanche', 'avalanche'],
      ['cosmos', 'cosmos'],
      ['ethereum', 'ethereum'],
      ['polkadot', 'polkadot'],
      ['solana', 'solana'],
    ]);
  });

  it('is what the fleet sees, with what the agent asks for', () => {
    expect(catalogue).toEqual({ chains, agentDemand: AGENT_DEMAND });
  });

  it.each(Object.values(chains))('$name has samples of every role, of every client of every component', (chain) => {
    const own = everySampleOf(chain);
    expect([...new Set(own.map(({ node }) => node.role))].sort()).toEqual(Object.keys(chain.roles).sort());
    for (const variant of variantsOf(chain)) {
      const seen = new Set(own.filter((sample) => sample.variant === variant).map(({ node }) => JSON.stringify(Object.values(node.clients).map(({ client }) => client))));
      expect(seen.size).toBe(clientsOf(chain, variant).length);
    }
  });
});

describe('every sample of every chain', () => {
  it('has nothing wrong with it', () => {
    expect(samples.flatMap(({ label, chain, node }) => chain.check(node).map(({ problem }) => `${label}: ${problem}`))).toEqual([]);
    expect(samples.length).toBeGreaterThan(1000);
  });

  it('is rendered the same twice', () => {
    for (const { chain, node } of samples.filter((_, index) => index % 7 === 0)) {
      expect(chain.components(node)).toEqual(chain.components(structuredClone(node)));
    }
  });

  it('runs the components of its role, and a client of each', () => {
    for (const { label, chain, node } of samples) {
      const expected = componentsOf(chain.roles[node.role]!, node.options).map((name) => [name, node.clients[name]!.client]);
      expect(chain.components(node).map(({ name, client }) => [name, client]).sort(), label).toEqual(expected.sort());
    }
  });

  it('signs where its role says so, in exactly one component, with signing state where its chain says: on a volume of its own or in the chain data', () => {
    for (const { label, chain, node } of samples) {
      const signing = chain.components(node).filter(({ signs }) => signs);
      expect(signing.length, label).toBe(chain.roles[node.role]!.signs ? 1 : 0);
    }
    expect(
      broken(({ signs, volumes }, { chain }) => {
        const found = volumes.flatMap(({ kind }) => (kind === 'signing-state' || kind === 'signing-chain' ? [kind] : []));
        const wanted = signs ? [chain.signingState.kind === 'volume' ? 'signing-state' : 'signing-chain'] : [];
        return JSON.stringify(found) !== JSON.stringify(wanted) && `has volumes of signing state: ${found.join(', ')}`;
      }),
    ).toEqual([]);
  });

  it('keeps volumes, folders and secrets apart', () => {
    expect(
      broken(({ volumes, temporary = [], config = [] }) => {
        const mounts = [...volumes, ...temporary, ...config].map(({ mountPath }) => mountPath);
        if (new Set(mounts).size !== mounts.length) return 'mounts two things at one path';
        if (mounts.some((path) => !path.startsWith('/') || path.startsWith(`${SECRETS_PATH}/`) || path === SECRETS_PATH || path === TMP_PATH)) return 'mounts something where it may not';
        const state = volumes.find(({ kind }) => kind === 'signing-state');
        return volumes.some((other) => other !== state && state && `${state.mountPath}/`.startsWith(`${other.mountPath}/`)) && 'has its signing state inside another volume';
      }),
    ).toEqual([]);
  });

  it('reads secrets from memory only, and names a validator key only where it signs', () => {
    expect(
      broken(({ signs, secrets = [] }) => {
        const outside = secrets.find(({ path, passwordPath = path }) => !path.startsWith(`${SECRETS_PATH}/`) || !passwordPath.startsWith(`${SECRETS_PATH}/`));
        if (outside) return `has ${outside.name} outside of ${SECRETS_PATH}`;
        return secrets.some(({ kind }) => kind === 'validatorKey') && !signs && 'has a validator key and does not sign';
      }),
    ).toEqual([]);
  });

  it('mounts folders of configuration, never a file, with no secret in them', () => {
    const secret = /-----BEGIN|"priv_key"|"mnemonic"|"crypto"\s*:|^\s*\[(\s*\d{1,3}\s*,){63}/m;
    expect(
      broken(({ config = [], args, env = {} }) => {
        const texts = [...config.flatMap(({ files }) => Object.values(files)), ...args, ...Object.values(env)];
        if (config.some(({ mountPath }) => /\.[a-z0-9]+$/.test(mountPath))) return 'mounts a file';
        if (config.some(({ files }) => Object.keys(files).some((name) => /node_key|validator_key|keystore|jwt|identity/.test(name)))) return 'has a secret\'s file in its configuration';
        return texts.some((text) => secret.test(text)) && 'shows a secret';
      }),
    ).toEqual([]);
  });

  it('names its ports once, shortly, and asks its health and metrics on one of them', () => {
    expect(
      broken(({ ports, health, metrics }) => {
        const names = ports.map(({ name }) => name);
        if (new Set(names).size !== names.length) return 'has two ports of one name';
        if (names.some((name) => name.length > 15 || !/^[a-z0-9-]*[a-z][a-z0-9-]*$/.test(name))) return 'has a port name that Kubernetes refuses';
        if (!names.includes(health.port)) return 'is asked for its health on a port that it lacks';
        return metrics && !ports.some(({ name, purpose }) => name === metrics.port && purpose === 'metrics') && 'has its metrics on no metrics port';
      }),
    ).toEqual([]);
  });

  it('listens for P2P inside the span of ports that it declares, and for nothing else there', () => {
    expect(
      broken(({ ports }, { chain, node }) => {
        const inSpan = (port: number) => port >= node.portBase && port < node.portBase + chain.portSpan;
        const stray = ports.find(({ port, purpose }) => (purpose === 'p2p' || purpose === 'sentry') !== inSpan(port));
        return stray && `has port ${stray.name} (${stray.purpose}) at ${stray.port}`;
      }),
    ).toEqual([]);
  });

  it('takes the machine\'s network exactly where it is reached by it, and says why', () => {
    expect(
      broken(({ hostNetwork, exceptions = [], machineFeatures }, { node }) => {
        if (hostNetwork !== (node.reach.via === 'hostNetwork')) return 'is on the wrong network';
        if (hostNetwork && !exceptions.some(({ what }) => what === 'host-network')) return 'does not declare the host network';
        if (exceptions.some(({ reason }) => reason.length < 40)) return 'has an exception without a reason';
        const declared = exceptions.flatMap(({ what, value }) => (what === 'machine-feature' ? [value] : []));
        return JSON.stringify(declared) !== JSON.stringify(machineFeatures) && 'asks for machine features that it does not declare';
      }),
    ).toEqual([]);
  });

  it('is given time to end, and to start', () => {
    expect(broken(({ shutdown, startupSeconds }) => (shutdown.graceSeconds < 30 || startupSeconds < 60) && 'has no time')).toEqual([]);
  });

  it('runs a program, never a shell', () => {
    expect(broken(({ command = [], shutdown: { preStop = [] } }) => [...command, ...preStop].some((word) => /(^|\/)(ba|da|z)?sh$/.test(word)) && 'runs a shell')).toEqual([]);
  });

  it('has the size that its class or the node says', () => {
    for (const chain of Object.values(chains)) {
      const { node } = everySampleOf(chain)[0]!;
      for (const component of chain.components(node)) {
        const volumesGiB = Object.fromEntries(component.volumes.map(({ name }) => [name, 1234]));
        const [grown] = chain
          .components({ ...node, resources: { [component.name]: { cpus: 3.5, memoryGiB: 7, volumesGiB } } })
          .filter(({ name }) => name === component.name);
        expect(grown!.resources).toMatchObject({ cpuMillis: 3500, memoryMiB: 7168 });
        expect(grown!.volumes.map(({ sizeGiB }) => sizeGiB)).toEqual(component.volumes.map(() => 1234));
      }
      const classes = chain.sizes.map((size) => chain.components({ ...node, size }).reduce((sum, { resources }) => sum + resources.memoryMiB, 0));
      expect(classes, chain.name).toEqual([...classes].sort((a, b) => a - b));
      expect(new Set(classes).size, chain.name).toBe(classes.length);
    }
  });

  it('has keys in their canonical form', () => {
    for (const chain of Object.values(chains)) {
      expect(chain.parseKey(exampleKey(chain, 0)), chain.name).toEqual({ canonical: exampleKey(chain, 0) });
    }
  });
});
