import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stockade, type Ran } from '../run';

/** Runs the command in this process, without this machine's docker logins. */
export const runPin = (fleet: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  stockade(['pin', '--fleet', fleet, '--plain-http', ...args], { env: { PATH: process.env['PATH'], HOME: fleet, ...env } });

/** A fleet's folder with settings and networks; clusters and nodes don't matter to `pin`. */
export function scratchFleet(networks: Record<string, string>, agentImage: string): { folder: string; read(name: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-pin-'));
  const groups = '{gcp: [staking@example.com], aws: [staking]}';
  const files: Record<string, string> = {
    'settings.yaml': `organisation: example
requireDigest: true
registries: ["docker.io/"]
access: {viewers: ${groups}, operators: ${groups}, deployers: ${groups}, planners: ${groups}, breakGlass: ${groups}, dataCustodians: ${groups}, platform: ${groups}}
agent:
  image: ${agentImage}
  version: v1.0.0 # built by release.yml
limits: {}
`,
  };
  for (const [name, text] of Object.entries(networks)) files[`networks/${name}.yaml`] = text;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return { folder, read: (name) => readFileSync(join(folder, name), 'utf8') };
}

/** A network with comments, quotes and both ways to write a map, as people write them. */
export const networkOf = (image: string, versions: readonly string[]): string => `# Hoodi, the staking testnet.
chain: ethereum
kind: testnet
keyMoveWaitMinutes: 30   # two epochs and a margin
rings: [canary]
clients:
  execution:
    geth:
      image: ${image}
      # newest first
      releases:
${versions.map((version) => `        - version: "${version}"   # see the changelog\n          dataSchema: 1\n`).join('')}      rings: { canary: "${versions[0]}" }
`;
